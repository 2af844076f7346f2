"""Parquet tables of dataclass rows."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def write_rows(path: Path, rows: Iterable["DataclassInstance"], schema: pa.Schema) -> None:
    """Write rows in the given order."""
    pq.write_table(pa.Table.from_pylist([asdict(row) for row in rows], schema=schema), path)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries."""
    rows: list[dict[str, Any]] = pq.ParquetFile(path).read().to_pylist()
    return rows
