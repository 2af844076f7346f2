"""Metrics as functions of sums: means of grades over all, by part, by group or by type, and sums of such means."""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any, Callable, Mapping, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Grade, Question, Tallies, Verdict, by_image

PERCENT = 100
ASSUMED = "assumed"  # the rule of a grade that bounds a score without some answers


def ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return above / below, NaN where `below` is 0."""
    return np.divide(above, below, out=np.full_like(below, np.nan), where=below > 0)


class Metric(Protocol):
    """Counts that add up, and one or more metrics as functions of their sums."""

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return the counts of every verdict, [verdicts, parts, counts]; of one without an answer they are zero."""

    def metrics(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return the metrics of summed counts [..., parts, counts], with the leading axes kept."""


def every_question(question: Question) -> bool:
    """Return True."""
    return True


@dataclass(frozen=True)
class Accuracy:
    """The mean grade of the answered questions that `includes` selects; with `by_part`, also of each part.

    A part `a/b` counts for `a` too. With `group`, the mean over groups of questions: the grade of a group is its
    lowest, and a group counts only if all its questions are answered, for the part of its first question by id. With
    `at_least`, a grade counts as 1 if it is at least this number, else as 0.
    """

    name: str = "accuracy"
    by_part: bool = False
    group: Callable[[Question], str] | None = None
    includes: Callable[[Question], bool] = every_question
    at_least: float | None = None

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return [verdicts, parts, (counted, grade)]; a group is counted in the row of its first question."""
        counts = np.zeros((len(verdicts), len(parts), 2))
        for numbers in self._groups(verdicts):
            group = [verdicts[number] for number in numbers]
            if all(verdict.answered for verdict in group):
                first = min(numbers, key=lambda number: _order(verdicts[number].question))
                part = parts.index(verdicts[first].question.part)
                counts[first, part] = 1, min(self._counted(verdict.grade.value) for verdict in group)
        return counts

    def metrics(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return the mean grade over all and, with `by_part`, over each part; 0/0 is NaN."""
        indices: dict[str, list[int]] = defaultdict(list)
        for index, part in enumerate(parts if self.by_part else ()):
            for name in {part, part.partition("/")[0]}:
                indices[f"{self.name}/{name}"].append(index)
        indices[self.name] = list(range(len(parts)))
        summed = {name: sums[..., columns, :].sum(axis=-2) for name, columns in sorted(indices.items())}
        return {name: ratio(counts[..., 1], counts[..., 0]) for name, counts in summed.items()}

    def _counted(self, value: float) -> float:
        return value if self.at_least is None else float(value >= self.at_least)

    def _groups(self, verdicts: list[Verdict]) -> list[list[int]]:
        """Return the numbers of the verdicts in each group; without `group`, each is alone."""
        groups: dict[str, list[int]] = defaultdict(list)
        for number, verdict in enumerate(verdicts):
            if self.includes(verdict.question):
                groups[self.group(verdict.question) if self.group else str(number)].append(number)
        return list(groups.values())


@dataclass(frozen=True)
class PartSum:
    """The sum of the mean grades of the named parts, absent where one of them is not asked."""

    name: str
    parts: tuple[str, ...]

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return [verdicts, parts, (counted, grade)]."""
        return Accuracy().tally(verdicts, parts)

    def metrics(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return the sum; 0/0 is NaN."""
        if not set(self.parts) <= set(parts):
            return {}
        means = [ratio(sums[..., parts.index(part), 1], sums[..., parts.index(part), 0]) for part in self.parts]
        return {self.name: np.sum(means, axis=0)}


@dataclass(frozen=True)
class CategorySums:
    """The score of every part, a category as in MME: the per cent of right answers plus that of groups with all right.

    `sums` are further metrics: the sum of the scores of the named categories, absent where one of them is not asked.
    """

    sums: Mapping[str, tuple[str, ...]]
    group: Callable[[Question], str] = by_image

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return [verdicts, parts, (answers, right, groups, right)]."""
        counts = (Accuracy().tally(verdicts, parts), Accuracy(group=self.group).tally(verdicts, parts))
        return np.concatenate(counts, axis=-1)

    def metrics(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return `score/CATEGORY` and the sums; 0/0 is NaN."""
        scores = PERCENT * (ratio(sums[..., 1], sums[..., 0]) + ratio(sums[..., 3], sums[..., 2]))
        by_category = {part: scores[..., number] for number, part in enumerate(parts)}
        totals = {
            name: np.sum([by_category[category] for category in categories], axis=0)
            for name, categories in self.sums.items()
            if by_category.keys() >= set(categories)
        }
        return {**totals, **{f"score/{part}": score for part, score in by_category.items()}}


@dataclass(frozen=True)
class ByType:
    """The mean grade of the questions whose gold says that it is of each `type`."""

    types: tuple[str, ...]
    name: str = "accuracy"

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return [verdicts, parts, (counted, grade) of every type]."""
        counts = np.zeros((len(verdicts), len(parts), 2 * len(self.types)))
        for number, verdict in enumerate(verdicts):
            kind = _type_of(verdict.gold)
            if verdict.answered and kind in self.types:
                column = 2 * self.types.index(kind)
                part = parts.index(verdict.question.part)
                counts[number, part, column : column + 2] = 1, verdict.grade.value
        return counts

    def metrics(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return the mean grade of each type; 0/0 is NaN."""
        counts = sums.sum(axis=-2)
        return {
            f"{self.name}/{kind}": ratio(counts[..., 2 * i + 1], counts[..., 2 * i])
            for i, kind in enumerate(self.types)
        }


@dataclass(frozen=True)
class Counted:
    """The half of a scorer that counts: its metrics, side by side.

    A metric whose name begins with one of `unbounded` is neither lowest with all answers wrong nor highest with all
    right.
    """

    counts: tuple[Metric, ...] = (Accuracy(),)
    unbounded: tuple[str, ...] = ()

    def assumed(self, verdict: Verdict, right: bool) -> Verdict:
        """Return a verdict without an answer as if it had one, which is right or wrong."""
        return replace(verdict, grade=Grade(float(right), None, ASSUMED))

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return the counts of all metrics, [verdicts, parts, counts]."""
        return np.concatenate([metric.tally(verdicts, parts) for metric in self.counts], axis=-1)

    def metrics(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return all metrics of summed counts [..., parts, counts]."""
        metrics: dict[str, Any] = {}
        start = 0
        for metric in self.counts:
            end = start + metric.tally([], parts).shape[-1]
            metrics |= metric.metrics(sums[..., start:end], parts)
            start = end
        return metrics


def _order(question: Question) -> tuple[int, str]:
    """Return the key that orders ids, and whole numbers by their size."""
    return len(question.id), question.id


def _type_of(gold: JsonValue) -> str:
    return str(gold["type"]) if isinstance(gold, dict) else ""
