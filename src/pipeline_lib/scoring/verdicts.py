"""Write verdicts as Parquet, one row per question."""

from dataclasses import fields
from pathlib import Path

import pyarrow as pa

from pipeline_lib.benchmarks.base import Verdict
from pipeline_lib.core.parquet import write_rows

SCHEMA = pa.schema([(field.name, pa.bool_() if field.type is bool else pa.string()) for field in fields(Verdict)])


def write_verdicts(path: Path, verdicts: list[Verdict]) -> None:
    """Write verdicts in the given order."""
    write_rows(path, verdicts, SCHEMA)
