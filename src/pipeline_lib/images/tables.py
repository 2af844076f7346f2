"""Reads images from TSV tables whose rows have an `index` and an `image` in base64, as in MMBench."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

from pipeline_lib.core.tsv import swallowing_row
from pipeline_lib.images.decode import UnreadableImageError

COLUMNS = ["index", "image"]
ROWS_AT_ONCE = 64  # an image takes some hundred KB

# A value this short is the index of another row, if such a row exists: the rule of VLMEvalKit's tables.
REFERENCE = 64  # characters

# All columns are strings: an index "None" or "NA" is an index like any other.
TEXT: dict[str, Any] = {"sep": "\t", "dtype": str, "keep_default_na": False}


@dataclass(frozen=True)
class Cell:
    """The image of one row: the row's number from 1, its index, the value of `image`."""

    row: int
    index: str
    value: str

    @property
    def is_short(self) -> bool:
        """Return whether the value may be the index of another row."""
        return len(self.value) <= REFERENCE

    def path(self, folder: str) -> str:
        """Return the path of the image; if the index cannot be part of a path, the row's number is used."""
        return f"{folder}/{self.index}" if self.names_a_path else f"{folder}/row {self.row}"

    @property
    def names_a_path(self) -> bool:
        """Return whether the index can be the last part of a path."""
        return self.index not in ("", ".", "..") and "/" not in self.index

    def image(self) -> bytes:
        """Return the decoded bytes; raise UnreadableImageError if there are none."""
        if not self.names_a_path:
            raise UnreadableImageError(f"its index makes no path ({self.index[:40]!r})")
        if not self.value:
            raise UnreadableImageError("no image in this row")
        try:
            return base64.b64decode("".join(self.value.split()), validate=True)
        except ValueError as error:
            details = f"row {self.row}: {self.value[:REFERENCE]!r}"
            raise UnreadableImageError(f"neither base64 nor another row's index ({details})") from error


def holds_images(path: Path) -> bool:
    """Return whether a file is a TSV with an index and an image in every row."""
    if path.suffix.lower() != ".tsv":
        return False
    import pandas as pd  # the import takes half a second, which studies without tables need not wait

    try:
        return set(COLUMNS) <= set(pd.read_csv(path, nrows=0, **TEXT).columns)
    except ValueError:  # pandas' own errors, and bytes that are not text
        return False


def cells(path: Path) -> Iterator[Cell]:
    """Yield the images of a table, a few rows in memory at a time; raise UnreadableImageError if it is broken."""
    import pandas as pd

    number = 0
    try:
        with pd.read_csv(path, chunksize=ROWS_AT_ONCE, index_col=False, **TEXT) as chunks:
            for chunk in chunks:
                swallowing = swallowing_row(chunk.to_dict("records"))
                if swallowing is not None:
                    raise UnreadableImageError(
                        f"no whole table (a quote swallows what follows row {number + swallowing})"
                    )
                for index, value in zip(chunk["index"], chunk["image"], strict=True):
                    number += 1
                    yield Cell(number, index, value)
    except ValueError as error:
        raise UnreadableImageError(f"no whole table (after row {number}: {str(error).strip()[:150]})") from error
