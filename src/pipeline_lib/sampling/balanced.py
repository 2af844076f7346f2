"""Strategy `balanced`: as many rows of every label, each label's with the lowest digests, as `digest_rank` takes them.

Subsets nest: with one seed the rows of a smaller number are among those of a larger one.
"""

from collections import Counter
from typing import Literal, Self, Sequence

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.sampling.base import LabelKind, Row, SampleStrategy, label_of
from pipeline_lib.sampling.digest_rank import by_rank

SHOWN = 60  # characters of a label in an error


class Settings(SampleStrategy):
    """What a row's label is, and how many rows of each are taken."""

    strategy: Literal["balanced"]
    label: LabelKind = "folder"
    per_label: int = Field(gt=0, le=10**10, description="rows of every label")
    scarce: Literal["refuse", "take_all"] = Field(
        default="refuse", description="what becomes of a label with fewer rows: an error, or all of them are taken"
    )

    def rehearsed(self, rows: int | None) -> Self:
        """Return the settings that take all rows of a label where there are fewer."""
        return self.model_copy(update={"scarce": "take_all"})


def choose(settings: Settings, seed: int, rows: Sequence[Row]) -> list[Row]:
    """Return the lowest-ranking rows of every label; PipelineError for a label with too few, or a row without one."""
    labels = {row.row: label_of(row, settings.label) for row in rows}
    counts = Counter(labels.values())
    scarce = {label[:SHOWN]: count for label, count in sorted(counts.items()) if count < settings.per_label}
    if scarce and settings.scarce == "refuse":
        what = f"a balanced subset takes {settings.per_label} rows of every label, and some have fewer"
        cure = f"at most {min(scarce.values())} per_label, or `scarce: take_all`"
        raise PipelineError(what, where="sample.per_label", value=scarce, cure=cure)
    chosen: list[Row] = []
    taken: Counter[str] = Counter()
    for row in by_rank(seed, rows):
        label = labels[row.row]
        if taken[label] < settings.per_label:
            taken[label] += 1
            chosen.append(row)
    return chosen
