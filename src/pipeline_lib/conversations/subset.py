"""Subsets: a subset lists rows of a table and pins their content and images, not the rest of the table.

The tabulate stage writes the pins of all rows beside a table, in the same form, so that sampling reads no texts.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline_lib.conversations.table import Conversation, read_table
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.parquet import batches, read_rows, write_rows

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


def pinned(row: Conversation) -> SubsetRow:
    """Return the row of a subset that pins a row of a table."""
    return SubsetRow(row.row, row.id, row.digest(), " ".join(pin for _, pin in row.images) or None)


def write_subset(path: Path, rows: list[SubsetRow]) -> None:
    """Write a subset."""
    write_rows(path, rows, SCHEMA)


def write_pins(path: Path, rows: pa.Table) -> None:
    """Write a subset of rows in memory as Arrow's columns, in the same bytes as `write_subset`."""
    pq.write_table(rows, path)


def chosen_pins(pins: Path, rows: NDArray[np.int64]) -> pa.Table:
    """Return the rows with these numbers from the file with the pins of all rows of a table, in its order."""
    parts = (batch.filter(pa.array(np.isin(batch["row"].to_numpy(), rows))) for batch in batches(pins))
    return pa.Table.from_batches(parts, SCHEMA).combine_chunks()


def row_numbers(pins: Path) -> NDArray[np.int64]:
    """Return the numbers of all rows of a table, from the file with their pins."""
    return np.concatenate([np.empty(0, np.int64), *(batch["row"].to_numpy() for batch in batches(pins, ["row"]))])


def read_subset(path: Path) -> list[SubsetRow]:
    """Return the rows of a subset."""
    return [SubsetRow(**row) for row in read_rows(path)]


def subset_conversations(subset: Path, table: Path) -> list[Conversation]:
    """Return the conversations of a subset, in its order; a row that differs from its pin raises PipelineError."""
    pins = {row.row: row for row in read_subset(subset)}
    rows = read_table(table, set(pins))
    for row in rows:
        if row.digest() != pins[row.row].row_sha256:
            raise PipelineError(
                "this row differs from the one that the subset pins", where=f"{table}, row {row.row}", value=row.id
            )
    if len(rows) != len(pins):
        missing = sorted(set(pins) - {row.row for row in rows})
        raise PipelineError("rows of the subset are missing from the table", where=table, value=missing[:5])
    return rows
