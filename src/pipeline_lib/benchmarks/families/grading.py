"""Grading of images on an ordered scale: the grade that an answer names, and how far it is from the right one."""

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Grade, Question, Tallies, Verdict
from pipeline_lib.benchmarks.families.counting import ASSUMED, Counted, ratio

NAMED = re.compile(r"grade\W{0,4}0*([0-9]+)", re.IGNORECASE)  # "Grade 2", "Grade {2}", "**Grade** 2"
LABEL = "predicted_label"  # the key of a classifier's grade
UNREAD = "none"  # the column of the confusion matrix for answers without a grade
HIGH = 2  # the first grade of the upper half of two, as in the area `auc/high`


@dataclass(frozen=True)
class Rating:
    """The grade in an answer, None if there is none on the scale, and the probabilities of all grades, if any."""

    grade: int | None
    rule: str
    probabilities: tuple[float, ...] = ()


def rating(answer: str, grades: int) -> Rating:
    """Return the first grade that an answer names, or the one of a classifier's JSON object.

    A classifier's answer has `predicted_label` and the `probabilities` of all grades.
    """
    classified = _classified(answer, grades) if answer.startswith("{") else None
    if classified is not None:
        return classified
    first = NAMED.search(answer)
    grade = int(first.group(1)[:2]) if first else grades
    return Rating(grade, "named") if grade < grades else Rating(None, "beyond" if first else "none")


def _classified(answer: str, grades: int) -> Rating | None:
    """Return the rating in a classifier's answer, None for another text; one without a grade or shares is unparsed."""
    try:
        content = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    if LABEL not in content:
        return None
    grade, shares = content[LABEL], content.get("probabilities", [])
    is_grade = isinstance(grade, int) and not isinstance(grade, bool) and grade in range(grades)
    if (
        not is_grade
        or not isinstance(shares, list)
        or len(shares) not in (0, grades)
        or not all(map(_is_share, shares))
    ):
        return Rating(None, "none")
    return Rating(grade, "classified", tuple(map(float, shares)))


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


@dataclass(frozen=True)
class MeanError:
    """The mean distance of the named grades from the right ones, over the answers that name one."""

    name: str = "mae"

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return [verdicts, parts, (counted, distance)]."""
        counts = np.zeros((len(verdicts), len(parts), 2))
        for number, verdict in enumerate(verdicts):
            grade = _named(verdict)
            if verdict.answered and grade is not None:
                counts[number, parts.index(verdict.question.part)] = 1, abs(grade - _right(verdict))
        return counts

    def metrics(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return the mean distance; 0/0 is NaN."""
        counts = sums.sum(axis=-2)
        return {self.name: ratio(counts[..., 1], counts[..., 0])}


@dataclass(frozen=True)
class Confusion:
    """The confusion matrix: how many answers to images of each grade name each grade, or none."""

    grades: int

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return [verdicts, parts, right grade times named grade, with none as the last]."""
        counts = np.zeros((len(verdicts), len(parts), self.grades * (self.grades + 1)))
        for number, verdict in enumerate(verdicts):
            if verdict.answered:
                grade = _named(verdict)
                column = _right(verdict) * (self.grades + 1) + (self.grades if grade is None else grade)
                counts[number, parts.index(verdict.question.part), column] = 1
        return counts

    def metrics(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return `confusion/RIGHT/NAMED`, counts of answers."""
        columns = [*map(str, range(self.grades)), UNREAD]
        names = [f"confusion/{right}/{named}" for right in range(self.grades) for named in columns]
        counts = sums.sum(axis=-2)
        return {name: counts[..., number] for number, name in enumerate(names)}


@dataclass(frozen=True, kw_only=True)
class GradeScorer(Counted):
    """Grades answers by the grade that they name: right if it is the gold grade. An answer without one is unparsed."""

    unbounded: tuple[str, ...] = ("mae", "confusion")  # an answer may name any grade or none
    grades: int
    readers: Mapping[str, Callable[[str, int], Rating]]

    def grade(self, question: Question, gold: JsonValue, answer: str, protocol: str) -> Grade:
        """Return the grade of one answer."""
        read = self.readers[protocol](answer, self.grades)
        if read.grade is None:
            return Grade(0.0, None, read.rule, "unparsed")
        extracted: JsonValue = read.grade
        if read.probabilities:
            extracted = {"grade": read.grade, "probabilities": list(read.probabilities)}
        return Grade(float(read.grade == gold), extracted, read.rule)

    def assumed(self, verdict: Verdict, right: bool) -> Verdict:
        """Return a verdict without an answer as if it named the right grade, or the one that is farthest from it."""
        gold = _right(verdict)
        grade = gold if right else max(0, self.grades - 1, key=lambda other: abs(other - gold))
        return replace(verdict, grade=Grade(float(right), grade, ASSUMED))

    def whole(self, verdicts: list[Verdict]) -> dict[str, float]:
        """Return the areas under the ROC curves of each grade and of the upper grades, if all answers have shares.

        They are no functions of sums, so they have no interval.
        """
        answered = [verdict for verdict in verdicts if verdict.answered]
        rows = [_shares(verdict) for verdict in answered]
        if not rows or any(len(row) != self.grades for row in rows):
            return {}
        shares, right = np.array(rows), np.array([_right(verdict) for verdict in answered])
        areas = {f"auc/{grade}": area(shares[:, grade], right == grade) for grade in range(self.grades)}
        return {**areas, "auc/high": area(shares[:, HIGH:].sum(axis=1), right >= HIGH)}


def area(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve: how often a positive has the higher score, equal ones half; 0/0 is NaN."""
    ordered = np.sort(scores[~positive])
    below = np.searchsorted(ordered, scores[positive], side="left")
    upto = np.searchsorted(ordered, scores[positive], side="right")
    pairs = len(ordered) * int(positive.sum())
    return float((below + upto).sum() / 2 / pairs) if pairs else float("nan")


def _right(verdict: Verdict) -> int:
    return int(str(verdict.gold))


def _named(verdict: Verdict) -> int | None:
    extracted = verdict.grade.extracted
    grade = extracted.get("grade") if isinstance(extracted, dict) else extracted
    return grade if isinstance(grade, int) else None


def _shares(verdict: Verdict) -> list[float]:
    extracted = verdict.grade.extracted
    return list(extracted["probabilities"]) if isinstance(extracted, dict) else []  # type: ignore[arg-type]
