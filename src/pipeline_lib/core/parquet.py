"""Parquet tables of dataclass rows."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.reading import open_file

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def write_rows(path: Path, rows: Iterable["DataclassInstance"], schema: pa.Schema) -> None:
    """Write rows in the given order."""
    pq.write_table(pa.Table.from_pylist([asdict(row) for row in rows], schema=schema), path)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries; an invalid or incomplete file raises PipelineError."""
    with open_file(path) as file:
        try:
            rows: list[dict[str, Any]] = pq.ParquetFile(file).read().to_pylist()
        except (pa.ArrowException, OSError, ValueError) as error:
            raise PipelineError(
                f"not a complete Parquet file: {str(error)[:200]}", where=path,
                cure="delete its manifest and run again: its stage then runs again",
            ) from error  # fmt: skip
    return rows
