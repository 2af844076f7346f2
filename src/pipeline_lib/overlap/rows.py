"""The overlap of a benchmark as Parquet: one row for each question that a subset affects, and each kind of overlap."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

import pyarrow as pa

from pipeline_lib.core.parquet import read_rows, write_rows

QUESTION = "question"  # the kind of overlap of an equal text


@dataclass(frozen=True)
class OverlapRow:
    """A question, the subset whose row `row` it equals in its image or its text, and how.

    `kind` is `bytes`, `pixels` or `near` for `image`, which equals or resembles `seen_image`, whose look differs in
    `distance` of 64 bits; or `question`, without images.
    """

    question: str
    subset: str
    kind: str
    row: int
    image: str | None = None
    seen_image: str | None = None
    distance: int | None = None


TEXTS = ("question", "subset", "kind", "image", "seen_image")
SCHEMA = pa.schema([(name, pa.string() if name in TEXTS else pa.int64()) for name in OverlapRow.__dataclass_fields__])


def write_overlaps(path: Path, rows: Iterable[OverlapRow]) -> None:
    """Write rows in the given order."""
    write_rows(path, rows, SCHEMA)


def read_overlaps(path: Path) -> list[OverlapRow]:
    """Return the rows of a table."""
    return [OverlapRow(**row) for row in read_rows(path)]
