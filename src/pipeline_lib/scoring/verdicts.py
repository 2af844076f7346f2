"""Verdicts on disk: one Parquet row a question."""

from dataclasses import asdict, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_lib.benchmarks.base import Verdict

SCHEMA = pa.schema([(field.name, pa.bool_() if field.type is bool else pa.string()) for field in fields(Verdict)])


def write_verdicts(path: Path, verdicts: list[Verdict]) -> None:
    """Write verdicts in the given order."""
    pq.write_table(pa.Table.from_pylist([asdict(verdict) for verdict in verdicts], schema=SCHEMA), path)


def read_verdicts(path: Path) -> list[Verdict]:
    """Return the verdicts of a file."""
    return [Verdict(**row) for row in pq.read_table(path, schema=SCHEMA).to_pylist()]
