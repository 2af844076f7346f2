"""The interface of a strategy for the sample stage.

A strategy module has `Settings` and `choose(settings, seed, rows)`, which returns the chosen rows. One that chooses by
the numbers of the rows alone may also have `choose_numbers(settings, seed, rows)`: then a large table is not read.
"""

import posixpath
from typing import TYPE_CHECKING, Annotated, Literal, Mapping, Protocol, Self, Sequence, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.settings import Settings

if TYPE_CHECKING:
    from pipeline_lib.core.embeddings import Embeddings

LabelKind = Annotated[
    Literal["folder", "answer"],
    Field(description="`folder`: of a row's image, such as `3` of `train/3/1.png`; `answer`: the first"),
]

LEAST = 2  # rows of a rehearsal's subset: if one is unusable, one remains


class SampleStrategy(Settings):
    """Settings of a strategy; `strategy` names its module."""

    strategy: str = Field(description="how rows are chosen: a module in pipeline_lib/sampling")

    def rehearsed(self, rows: int | None) -> Self:
        """Return the settings for a rehearsal, whose table has so many rows, or a few where None."""
        return self


class Share(SampleStrategy):
    """Settings of a strategy that takes a fraction of the rows, or a number of them."""

    fraction: float | None = Field(default=None, gt=0, le=1, description="share of the rows, rounded down")
    count: int | None = Field(default=None, gt=0, le=10**10, description="number of rows")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.fraction is None) == (self.count is None):
            raise ValueError("give either fraction or count")
        return self

    def rehearsed(self, rows: int | None) -> Self:
        """Return a count as a fraction of the rows, of a few all; a fraction leaves at least LEAST rows."""
        share = self.fraction or (1.0 if rows is None else (self.count or 0) / rows)
        least = 0.0 if rows is None else LEAST / rows
        return self.model_copy(update={"count": None, "fraction": min(1.0, max(share, least))})

    def number_of(self, rows: int) -> int:
        """Return how many of so many rows to take; none, or more than there are, raises PipelineError."""
        count = self.count if self.fraction is None else int(rows * self.fraction)
        if count is None or not 0 < count <= rows:
            raise PipelineError(f"cannot take {count} of {rows} rows", cure="change the subset's fraction or count")
        return count


class EmbeddedShare(Share):
    """Settings of a strategy that reads embeddings: its `choose` takes those of all rows too."""


class Row(Protocol):
    """A row of a table: its number in the source file, path and pin of each image, and turns in LLaVA's form."""

    @property
    def row(self) -> int:
        """Return the number of the row in the source file."""

    @property
    def images(self) -> list[tuple[str, str]]:
        """Return path and pin of every image."""

    @property
    def conversations(self) -> list[dict[str, str]]:
        """Return the turns."""


class Strategy(Protocol):
    """The function of a strategy module."""

    def choose(self, settings: SampleStrategy, seed: int, rows: Sequence[Row]) -> list[Row]:
        """Return the chosen rows, in any order."""


@runtime_checkable
class NumberStrategy(Protocol):
    """The function of a strategy module that chooses by the numbers of the rows."""

    def choose_numbers(self, settings: SampleStrategy, seed: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers of the chosen rows, in any order; `rows` has those of all rows of the table."""


class EmbeddedStrategy(Protocol):
    """The function of a strategy module whose settings are an EmbeddedShare."""

    def choose(
        self, settings: EmbeddedShare, seed: int, rows: Sequence[Row], embeddings: "Embeddings"
    ) -> Sequence[Row]:
        """Return the chosen rows, in any order; the embeddings are in the order of the rows."""


def label_of(row: Row, kind: LabelKind) -> str:
    """Return the label of a row; PipelineError for one whose image is in no folder, or that has none or several."""
    if kind == "answer":
        return row.conversations[1]["value"].strip()
    folders = [posixpath.basename(posixpath.dirname(path)) for path, _ in row.images]
    if len(folders) != 1 or not folders[0]:
        paths = [path for path, _ in row.images]
        cure = "take a table whose rows have one image in the folder of its label, or `label: answer`"
        raise PipelineError("this row has no label", where=f"row {row.row}", value=paths, cure=cure)
    return folders[0]


def image_digests(row: Row) -> list[str]:
    """Return the digest of the bytes of every image of a row, whatever pixel rule its pin names."""
    return [digest_in(pin) for _, pin in row.images]


def digest_in(pin: str) -> str:
    """Return the digest of an image's bytes from its pin, which may also name a pixel rule."""
    return pin.partition(":")[0]


def quotas(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """Return how many of `count` rows each group contributes, in proportion to its size; they add up to `count`.

    The largest remainder method (Hamilton's): each group gets its share rounded down, and those with the largest
    remainders one row more, the first name where remainders are equal. With one or two groups no quota falls when
    `count` grows; with three or more, one may fall by a row (the Alabama paradox).
    """
    total = sum(sizes.values())
    whole = {name: size * count // total for name, size in sizes.items()}
    by_remainder = sorted(sizes, key=lambda name: (-(sizes[name] * count % total), name))
    more = set(by_remainder[: count - sum(whole.values())])
    return {name: quota + (name in more) for name, quota in whole.items()}
