"""Scores of categories whose questions come in groups, and sums of these scores, as in MME."""

from dataclasses import dataclass
from typing import Any, Callable, Mapping

import numpy as np

from pipeline_lib.benchmarks.base import Question, Tallies, Verdict, by_image
from pipeline_lib.benchmarks.families.counting import Accuracy, ratio

PERCENT = 100


@dataclass(frozen=True)
class CategorySums:
    """The score of every category: the per cent of right answers plus the per cent of groups with only right answers.

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
