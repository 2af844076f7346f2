"""Write verdicts as Parquet, one row per question.

`gold` and `extracted` hold a text as itself and any other value as JSON; `grade` is a number from 0 to 1.
"""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline_lib.benchmarks.base import Verdict
from pipeline_lib.core.parquet import write_rows
from pipeline_lib.core.text import plain_text

TEXTS = ("id", "part", "answer", "extracted", "gold", "rule", "status")
SCHEMA = pa.schema(
    [*((name, pa.string()) for name in TEXTS), ("images", pa.list_(pa.string())), ("grade", pa.float64())]
)


@dataclass(frozen=True)
class VerdictRow:
    """A row of the table."""

    id: str
    part: str
    answer: str | None
    extracted: str | None
    gold: str
    rule: str
    status: str
    images: tuple[str, ...]
    grade: float


def write_verdicts(path: Path, verdicts: list[Verdict]) -> None:
    """Write verdicts in the given order."""
    write_rows(path, map(_row, verdicts), SCHEMA)


def _row(verdict: Verdict) -> VerdictRow:
    question, grade = verdict.question, verdict.grade
    extracted = None if grade.extracted is None else plain_text(grade.extracted)
    about = (question.id, question.part, verdict.answer, extracted, plain_text(verdict.gold), grade.rule, grade.status)
    return VerdictRow(*about, images=question.images, grade=grade.value)
