"""The sum of the accuracies of parts."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline_lib.benchmarks.base import Tallies, Verdict
from pipeline_lib.benchmarks.families.counting import Accuracy, ratio


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
