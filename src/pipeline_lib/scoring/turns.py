"""Score a run that reviews its answers: metrics after every turn, what the reviews changed, and what they cost."""

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.benchmarks.base import Question, QuestionCheck, Verdict, load_benchmark
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.scoring.answers import Joined, Turn
from pipeline_lib.scoring.bootstrap import cluster_sums, intervals
from pipeline_lib.scoring.score import DIGITS, UNASKED, ScoreSettings, grade_joined, rounded, score_verdicts

LAST_ALONE = "a judge reads the last answers alone: the earlier turns have no metrics"
KINDS = ("wrong_right", "right_wrong", "right_right", "wrong_wrong")
KEPT = ("metrics", "interval", "coverage", "unparsed", "empty", "failed", "missing")  # of a score after a turn

Rates = dict[str, Any]


@dataclass(frozen=True)
class After:
    """The verdicts on the answers of one turn, None where a judge read only later ones."""

    turn: int
    verdicts: list[Verdict] | None


def with_turns(
    score: dict[str, Any], joined: Joined, checked: QuestionCheck, settings: ScoreSettings, last: list[Verdict]
) -> dict[str, Any]:
    """Return a score as it is for single answers, else with `review`; `last` are the verdicts on the last answers."""
    if not joined.turns:
        return score
    count = max(map(len, joined.turns.values()))
    benchmark = load_benchmark(settings.benchmark, settings.protocol)
    judged = "judge" in score
    unasked = [verdict.question.id for verdict in last if verdict.grade.rule == UNASKED]
    afters = [
        After(turn, None if judged else grade_joined(at_turn(joined, turn), checked, settings, unasked))
        for turn in range(1, count)
    ]
    afters.append(After(count, last))
    pairs = [] if judged else [*pairwise(afters)]
    pairs += [(afters[0], afters[-1])] if len(pairs) > 1 else []
    review = {
        "turns": count,
        "until": next((turns[0].until for turns in joined.turns.values() if turns[0].until), None),
        "note": LAST_ALONE if judged else None,
        "after": [_after(after, joined, score, settings) for after in afters],
        "changes": [_changes(first, then, settings, benchmark.cluster) for first, then in pairs],
        "errors": None if judged else _errors(afters[0].verdicts or [], last),
    }
    return {**score, "review": review}


def at_turn(joined: Joined, turn: int) -> Joined:
    """Return the answers after a turn, the first being 1; one that has no such turn failed before."""
    texts = {name: _at(turns, turn).text for name, turns in joined.turns.items()}
    failed = frozenset(name for name, text in texts.items() if text is None)
    pairs = [(question, texts.get(question.id)) for question, _ in joined.pairs]
    return replace(joined, pairs=pairs, failed=failed)


def _at(turns: Sequence[Turn], turn: int) -> Turn:
    return turns[turn - 1] if turn <= len(turns) else Turn(None, None)


def _after(after: After, joined: Joined, score: dict[str, Any], settings: ScoreSettings) -> dict[str, Any]:
    """Return metrics and costs after a turn."""
    verdicts = after.verdicts
    last = after.turn == max(map(len, joined.turns.values()))
    scored = score if last else None if verdicts is None else score_verdicts(verdicts, settings)
    ids = [question.id for question, _ in joined.pairs]
    right = None if verdicts is None else sum(_right(verdict) is True for verdict in verdicts)
    tokens = _tokens_until(joined, after.turn)
    return {
        "turn": after.turn,
        **{name: None if scored is None else scored[name] for name in KEPT},
        "right": right,
        "tokens": tokens,
        "tokens_per_question": _share(tokens, len(ids)),
        "tokens_per_right": _share(tokens, right),
    }


def _tokens_until(joined: Joined, turn: int) -> int | None:
    """Return the tokens of all answers up to a turn; None if one of these answers states none."""
    answers = [each for turns in joined.turns.values() for each in turns[:turn] if each.text is not None]
    counts = [each.tokens for each in answers if each.tokens is not None]
    return sum(counts) if len(counts) == len(answers) else None


def _share(tokens: int | None, of: int | None) -> float | None:
    return round(tokens / of, DIGITS) if tokens is not None and of else None


def _right(verdict: Verdict) -> bool | None:
    """Return whether an answer is right; None if there is none, or if its grade is between right and wrong."""
    return {0.0: False, 1.0: True}.get(verdict.grade.value) if verdict.answered else None


def _changes(first: After, then: After, settings: ScoreSettings, cluster: Callable[[Question], str]) -> dict[str, Any]:
    """Return how the rightness of answers changed between two turns, over all and by part, with rates and intervals."""
    pairs = list(zip(first.verdicts or [], then.verdicts or [], strict=True))
    kinds = [_kind(_right(one), _right(other)) for one, other in pairs]
    counts = np.array([[kind == name for name in KINDS] for kind in kinds], dtype=float).reshape(-1, len(KINDS))
    sums = cluster_sums(counts, [cluster(one.question) for one, _ in pairs])
    seed = derive_seed(settings.seed, "review", settings.benchmark)
    parts: dict[str, Counter[str]] = {}
    for kind, (one, _) in zip(kinds, pairs, strict=True):
        if one.grade.rule != UNASKED:
            parts.setdefault(one.question.part, Counter())[kind or "not_counted"] += 1
    return {
        "from": first.turn,
        "to": then.turn,
        **_counted(sum(parts.values(), Counter())),
        "rates": {name: rounded(float(value)) for name, value in _rates(counts.sum(axis=0)).items()},
        "interval": {
            name: both and [round(bound, DIGITS) for bound in both]
            for name, both in intervals(sums, _rates, seed).items()
        },
        "parts": {part: _counted(parts[part]) for part in sorted(parts)},
    }


def _kind(before: bool | None, after: bool | None) -> str | None:
    if before is None or after is None:
        return None
    return f"{'right' if before else 'wrong'}_{'right' if after else 'wrong'}"


def _counted(kinds: Counter[str]) -> dict[str, int]:
    return {name: kinds[name] for name in (*KINDS, "not_counted")}


def _rates(sums: NDArray[np.float64]) -> Rates:
    """Return `gain`, the change of the share of right answers; `corrected`, of the wrong ones; `spoilt`, of the right.

    0/0 is NaN.
    """
    corrected, spoilt, right, wrong = (sums[..., number] for number in range(len(KINDS)))
    shares = {
        "gain": (corrected - spoilt, corrected + spoilt + right + wrong),
        "corrected": (corrected, corrected + wrong),
        "spoilt": (spoilt, spoilt + right),
    }
    return {
        name: np.divide(above, below, out=np.full_like(below, np.nan), where=below > 0)
        for name, (above, below) in shares.items()
    }


def _errors(first: list[Verdict], last: list[Verdict]) -> dict[str, dict[str, int]]:
    """Return how the first answers were wrong: how many by each type, and how many of them the last turn corrected."""
    errors: dict[str, dict[str, int]] = {}
    for before, after in zip(first, last, strict=True):
        if (kind := _error(before)) is not None:
            counts = errors.setdefault(kind, {"first": 0, "corrected": 0})
            counts["first"] += 1
            counts["corrected"] += _right(after) is True
    return dict(sorted(errors.items()))


def _error(verdict: Verdict) -> str | None:
    """Return how an answer is wrong; None if it is right, between right and wrong, or was never asked for."""
    grade = verdict.grade
    if not verdict.answered:
        return grade.status if grade.rule != UNASKED else None
    if _right(verdict) is not False:
        return None
    if not (verdict.answer or "").strip():
        return "empty"
    if grade.status == "unparsed":
        return "unparsed"
    return "other choice" if str(grade.extracted) in verdict.question.options else "other answer"
