"""Subsets: a subset lists rows of a table and pins their content and images, not the rest of the table."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline_lib.conversations.table import Conversation, read_table
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.parquet import read_rows, write_rows

SCHEMA = pa.schema([(name, pa.string()) for name in ("id", "row_sha256", "image_sha256")]).insert(
    0, pa.field("row", pa.int64())
)


@dataclass(frozen=True)
class SubsetRow:
    """A row of a subset: its position in the source file, its id, and the digests of its content and image.

    `image_sha256` has a space between the pins of several images.
    """

    row: int
    id: str
    row_sha256: str
    image_sha256: str | None


def write_subset(path: Path, rows: list[SubsetRow]) -> None:
    """Write a subset."""
    write_rows(path, rows, SCHEMA)


def read_subset(path: Path) -> list[SubsetRow]:
    """Return the rows of a subset."""
    return [SubsetRow(**row) for row in read_rows(path)]


def subset_conversations(subset: Path, table: Path) -> list[Conversation]:
    """Return the conversations of a subset, in its order; a row that differs from its pin raises PipelineError."""
    pinned = {row.row: row for row in read_subset(subset)}
    rows = read_table(table, set(pinned))
    for row in rows:
        if row.digest() != pinned[row.row].row_sha256:
            raise PipelineError(
                "this row differs from the one that the subset pins", where=f"{table}, row {row.row}", value=row.id
            )
    if len(rows) != len(pinned):
        missing = sorted(set(pinned) - {row.row for row in rows})
        raise PipelineError("rows of the subset are missing from the table", where=table, value=missing[:5])
    return rows
