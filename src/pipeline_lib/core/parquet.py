"""Parquet tables of dataclass rows, read as a whole or a part at a time."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.reading import open_file

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

GROUP = 32_768  # rows of a group where tables are written a part at a time


def write_rows(path: Path, rows: Iterable["DataclassInstance"], schema: pa.Schema) -> None:
    """Write rows in the given order; a row's fields are those of the schema."""
    pq.write_table(table_of(rows, schema), path)


def table_of(rows: Iterable["DataclassInstance"], schema: pa.Schema) -> pa.Table:
    """Return rows as a table in memory; see `write_rows`."""
    rows = list(rows)
    columns = [pa.array([getattr(row, field.name) for row in rows], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries; an invalid or incomplete file raises PipelineError."""
    with _opened(path) as file:
        rows: list[dict[str, Any]] = file.read().to_pylist()
    return rows


def batches(path: Path, columns: Sequence[str] | None = None, size: int = GROUP) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a table, all columns or some, `size` rows at a time; see `read_rows` for errors."""
    with _opened(path) as file:
        yield from file.iter_batches(batch_size=size, columns=columns)


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a table; an invalid or incomplete file raises PipelineError, also while it is read."""
    with open_file(path) as file:
        try:
            yield pq.ParquetFile(file)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise PipelineError(
                f"not a complete Parquet file: {str(error)[:200]}", where=path,
                cure="delete its manifest and run again: its stage then runs again",
            ) from error  # fmt: skip
