"""Metrics as functions of sums, composed of few: an accuracy, by part, and of groups that count as a whole."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Callable, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.benchmarks.base import Question, Tallies, Verdict


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
    lowest, and a group counts only if all its questions are answered, for the part of its first question by id.
    """

    name: str = "accuracy"
    by_part: bool = False
    group: Callable[[Question], str] | None = None
    includes: Callable[[Question], bool] = every_question

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return [verdicts, parts, (counted, grade)]; a group is counted in the row of its first question."""
        counts = np.zeros((len(verdicts), len(parts), 2))
        for numbers in self._groups(verdicts):
            group = [verdicts[number] for number in numbers]
            if all(verdict.answered for verdict in group):
                first = min(numbers, key=lambda number: _order(verdicts[number].question))
                part = parts.index(verdicts[first].question.part)
                counts[first, part] = 1, min(verdict.grade.value for verdict in group)
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

    def _groups(self, verdicts: list[Verdict]) -> list[list[int]]:
        """Return the numbers of the verdicts in each group; without `group`, each is alone."""
        groups: dict[str, list[int]] = defaultdict(list)
        for number, verdict in enumerate(verdicts):
            if self.includes(verdict.question):
                groups[self.group(verdict.question) if self.group else str(number)].append(number)
        return list(groups.values())


def _order(question: Question) -> tuple[int, str]:
    """Return the key that orders ids, and whole numbers by their size."""
    return len(question.id), question.id


@dataclass(frozen=True)
class Counted:
    """The half of a scorer that counts: its metrics, side by side."""

    counts: tuple[Metric, ...] = (Accuracy(),)

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
