"""What a score without some answers says of the whole benchmark: how much of it is answered, and what that leaves open.

Answers may be missing or failed, or only some questions were asked: by `limit`, `slice` or in a rehearsal.
"""

import math
from typing import Any, Protocol, runtime_checkable

from pipeline_lib.benchmarks.base import Question, QuestionCheck, Scorer, Tallies, Verdict, load_benchmark
from pipeline_lib.scoring.published import of_a_part
from pipeline_lib.scoring.score import DIGITS, MISSING, UNASKED, ScoreSettings

WHOLE, SOME = "all", "some"


@runtime_checkable
class Bounded(Scorer, Protocol):
    """A scorer whose metrics have bounds where answers are missing: with all of them wrong, and with all right.

    That is so for no metric whose name begins with one of `unbounded`.
    """

    @property
    def unbounded(self) -> tuple[str, ...]:
        """Return the first parts of the names of such metrics."""

    def assumed(self, verdict: Verdict, right: bool) -> Verdict:
        """Return a verdict without an answer as if it had one, which is right or wrong."""


def not_chosen(checked: QuestionCheck, chosen: set[str] | None) -> list[Verdict]:
    """Return verdicts without an answer on the unasked questions: none if `chosen` is None."""
    if chosen is None:
        return []
    return [_missing(question, checked.gold) for question in checked.questions if question.id not in chosen]


def with_scope(
    scored: dict[str, Any], verdicts: list[Verdict], others: list[Verdict], settings: ScoreSettings
) -> dict[str, Any]:
    """Return a score as it is if every question is answered, else with `scope` and `bounds`.

    `others` are those of `not_chosen`, with which no score is complete. `scope` names the asked part, and how
    many of all questions are answered. `bounds` are the values of every metric if all other answers were wrong, and if
    all were right.
    """
    whole = [*verdicts, *others]
    answered = sum(verdict.answered for verdict in whole)
    if answered == len(whole):
        return scored
    scope = {
        "asked": settings.part() or (SOME if others else WHOLE),
        "answered": answered,
        "of": len(whole),
        "coverage": round(answered / len(whole), DIGITS),
    }
    status = "partial" if scored["status"] == "complete" else scored["status"]
    part = f"the questions: {len(verdicts)} of {len(whole)} were asked"
    published = {"published": of_a_part(scored["published"], part)} if others and "published" in scored else {}
    return {**scored, **published, "status": status, "scope": scope, "bounds": bounds(whole, settings)}


def bounds(verdicts: list[Verdict], settings: ScoreSettings) -> dict[str, list[float] | None] | None:
    """Return lowest and highest value of every metric; None where they are not known.

    They are not known for the scorer's `unbounded` metrics, and for none if the scorer is not `Bounded`, or if the part
    of a question is unknown, as it is not in the question file.
    """
    scorer = load_benchmark(settings.benchmark, settings.protocol).SCORER
    if not isinstance(scorer, Bounded) or any(verdict.grade.rule == UNASKED for verdict in verdicts):
        return None
    parts = sorted({verdict.question.part for verdict in verdicts})
    sums: list[Tallies] = []
    for right in (False, True):
        full = [verdict if verdict.answered else scorer.assumed(verdict, right) for verdict in verdicts]
        sums.append(scorer.tally(full, parts).sum(axis=0))
    lowest, highest = (scorer.metrics(each, parts) for each in sums)
    return {
        name: None if name.partition("/")[0] in scorer.unbounded else _bounds(float(lowest[name]), float(highest[name]))
        for name in lowest
    }


def _bounds(one: float, other: float) -> list[float] | None:
    """Return two values in their order, None if one of them is undefined."""
    return None if math.isnan(one) or math.isnan(other) else [round(each, DIGITS) for each in sorted((one, other))]


def _missing(question: Question, gold: Any) -> Verdict:
    return Verdict(question, gold[question.id], None, MISSING)
