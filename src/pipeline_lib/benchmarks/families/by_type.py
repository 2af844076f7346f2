"""Metrics by a type of question that only its gold answers say."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Tallies, Verdict
from pipeline_lib.benchmarks.families.counting import ratio


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


def _type_of(gold: JsonValue) -> str:
    return str(gold["type"]) if isinstance(gold, dict) else ""
