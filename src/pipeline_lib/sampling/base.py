"""The interface of a strategy for the sample stage.

A strategy module has `Settings` and `choose(settings, seed, rows)`, which returns the chosen rows. One that chooses by
the numbers of the rows alone may also have `choose_numbers(settings, seed, rows)`: then a large table is not read.
"""

import posixpath
from typing import Annotated, Literal, Protocol, Self, Sequence, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.settings import Settings

LabelKind = Annotated[
    Literal["folder", "answer"],
    Field(description="`folder`: of a row's image, such as `3` of `train/3/1.png`; `answer`: the first"),
]


class SampleStrategy(Settings):
    """Settings of a strategy; `strategy` names its module."""

    strategy: str = Field(description="how rows are chosen: a module in pipeline_lib/sampling")

    def rehearsed(self, rows: int | None) -> Self:
        """Return the settings for a rehearsal, whose table has so many rows, or a few where None."""
        return self


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
