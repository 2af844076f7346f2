"""Count the missing, failed, empty, unparsed and equal answers, and mark suspect scores.

A scorer computes a number from any texts, by its default verdict too: a model with only empty answers to POPE has an
F1 of 0.667.
"""

from collections import Counter, defaultdict
from typing import Any, Iterable

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Verdict
from pipeline_lib.benchmarks.families.letter_or_text import RANDOM
from pipeline_lib.core.text import plain_text

SUSPECT_ABOVE = 0.05  # share of empty or unparsed answers, of deviating answers, or of missing ones
DIGITS = 10
SMALLEST_PART = 20  # more answers than this are not all equal by chance
UNANSWERED = ("failed", "missing")  # counts whose shares are of all questions, not of the answers
LONGEST = 80  # characters of the most frequent answer
SHARES = "probabilities"  # of a classifier, which differ where its class is the same


def quality(
    verdicts: list[Verdict], suspect_above: float = SUSPECT_ABOVE, judged: bool = False, draws: bool = False
) -> dict[str, Any]:
    """Return counts and shares of the answers to `verdicts`, the `marks` of the score by name, and its `status`.

    `equal` counts the answers of the most frequent text, and `random` those for which an option was drawn: where the
    protocol `draws`, or one was. In a `judged` benchmark, what is read from replies are grades, which may be equal.
    Each mark has a reason:
    `unparsed`: more than `suspect_above` of the answers are empty or unparsed.
    `collapsed`: at least 1 - `suspect_above` of the answers are the same text, or are read as the same, and the gold
    answers are not; over all, or in a part with more answers than SMALLEST_PART and `suspect_above` of all.
    `missing`: more than `suspect_above` of the questions have no answer, those whose answer failed included.
    `unjudged`: an answer waits for a judge, or its replies cannot be read.
    """
    answered = [verdict for verdict in verdicts if verdict.answered]
    most_frequent, equal = _most_frequent(map(_text, answered))
    unusable = sum(verdict.grade.status == "unparsed" or not _text(verdict) for verdict in answered)
    counts = _counts(verdicts, answered, equal, draws)
    reasons = {
        "unparsed": _unparsed_reason(unusable, len(answered), suspect_above),
        "collapsed": _collapsed_reason(answered, suspect_above, judged),
        "missing": _missing_reason(counts["failed"] + counts["missing"], len(verdicts), suspect_above),
        "unjudged": _unjudged_reason(verdicts),
    }
    marks = {name: reason for name, reason in reasons.items() if reason}
    wholes = {name: len(verdicts) if name in UNANSWERED else len(answered) for name in counts}
    return {
        **counts,
        "most_frequent": most_frequent[:LONGEST],
        "shares": {name: _share(count, wholes[name]) for name, count in counts.items()},
        "marks": marks,
        "status": _status(marks, len(verdicts) - len(answered), bool(answered)),
    }


def _counts(verdicts: list[Verdict], answered: list[Verdict], equal: int, draws: bool) -> dict[str, int]:
    drawn = sum(RANDOM in verdict.grade.rule.split(", ") for verdict in answered)
    return {
        "unparsed": sum(verdict.grade.status == "unparsed" for verdict in answered),
        "empty": sum(not _text(verdict) for verdict in answered),
        "equal": equal,
        "failed": sum(verdict.grade.status == "failed" for verdict in verdicts),
        "missing": sum(verdict.grade.status == "missing" for verdict in verdicts),
        **({RANDOM: drawn} if draws or drawn else {}),
    }


def _text(verdict: Verdict) -> str:
    return (verdict.answer or "").strip()


def _most_frequent(texts: Iterable[str]) -> tuple[str, int]:
    """Return the most frequent text (the first of equals) and its count."""
    return next(iter(Counter(texts).most_common(1)), ("", 0))


def _share(count: int, whole: int) -> float | None:
    return round(count / whole, DIGITS) if whole else None


def _unparsed_reason(unusable: int, answers: int, suspect_above: float) -> str:
    if unusable <= suspect_above * answers:
        return ""
    return f"{unusable} of {answers} answers are empty or say nothing that the scorer understands"


def _collapsed_reason(answered: list[Verdict], suspect_above: float, judged: bool) -> str:
    """Return how the answers, or those of a large enough part, collapse to one; empty if they do not."""
    parts: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in answered:
        parts[verdict.question.part].append(verdict)
    smallest = max(SMALLEST_PART, suspect_above * len(answered))
    reasons = [_equal_reason(answered, suspect_above, judged)]
    for part, verdicts in sorted(parts.items()):
        reason = _equal_reason(verdicts, suspect_above, judged) if len(verdicts) > smallest else ""
        reasons.append(reason and f"{part}: {reason}")
    return next(filter(None, reasons), "")


def _equal_reason(answered: list[Verdict], suspect_above: float, judged: bool) -> str:
    smallest = (1 - suspect_above) * len(answered)
    if _most_frequent(plain_text(verdict.gold) for verdict in answered)[1] >= smallest:
        return ""  # one answer is nearly always right, so it may be this frequent
    texts = [_text(verdict) for verdict in answered]
    read = () if judged else answered
    readings = [_reading(verdict.grade.extracted) for verdict in read if verdict.grade.status == "ok"]
    for verb, values in (("are", texts), ("are read as", readings)):
        value, count = _most_frequent(values)
        if count >= smallest:
            return f"{count} of {len(answered)} answers {verb} {value[:LONGEST]!r}, and the right answers differ"
    return ""


def _reading(extracted: JsonValue) -> str:
    """Return what was read from an answer as text, without probabilities."""
    if isinstance(extracted, dict):
        extracted = {key: value for key, value in extracted.items() if key != SHARES}
    return plain_text(extracted or "")


def _missing_reason(missing: int, questions: int, suspect_above: float) -> str:
    return f"{missing} of {questions} questions have no answer" if missing > suspect_above * questions else ""


def _unjudged_reason(verdicts: list[Verdict]) -> str:
    """Return how many answers were not judged, and why; empty if all were."""
    rules = Counter(verdict.grade.rule for verdict in verdicts if verdict.grade.status == "unjudged")
    answers = sum(verdict.answer is not None for verdict in verdicts)
    reasons = ", ".join(f"{rule} ({times})" for rule, times in sorted(rules.items()))
    return f"{rules.total()} of {answers} answers were not judged: {reasons}" if rules else ""


def _status(marks: dict[str, str], missing: int, is_judged: bool) -> str:
    """Return `unparsed`, `collapsed` or `unjudged` for a meaningless score, else `partial` or `complete`."""
    meaningless = [name for name in ("unparsed", "collapsed") if name in marks]
    if "unjudged" in marks and not is_judged:
        return "unjudged"
    return meaningless[0] if meaningless else "partial" if missing else "complete"
