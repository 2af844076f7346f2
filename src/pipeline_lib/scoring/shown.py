"""Read the parts of score files to print; other files are skipped."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_object


class Scope(BaseModel):
    """Which questions of a benchmark were asked, and how many of all are answered."""

    asked: str
    answered: int
    of: int
    coverage: float


class ShownTurn(BaseModel):
    """The score after one turn of a run that reviews its answers, and what it cost."""

    turn: int
    metrics: dict[str, float | None] | None
    interval: dict[str, tuple[float, float] | None] | None
    unparsed: int | None
    right: int | None
    tokens: int | None
    tokens_per_question: float | None
    tokens_per_right: float | None


class ShownChange(BaseModel):
    """How many answers were right or wrong before and after reviews, and rates of these counts."""

    before: int = Field(alias="from")
    to: int
    wrong_right: int
    right_wrong: int
    right_right: int
    wrong_wrong: int
    not_counted: int
    rates: dict[str, float | None]
    interval: dict[str, tuple[float, float] | None]


class ShownReview(BaseModel):
    """What reviews changed."""

    until: str | None
    note: str | None
    after: list[ShownTurn]
    changes: list[ShownChange]
    errors: dict[str, dict[str, int]] | None


class ShownScore(BaseModel):
    """Metrics with their 95 % intervals, counts and marks of one run on one benchmark.

    `primary` is the benchmark's first metric, None in a gathered file, which states it once for all runs.
    """

    metrics: dict[str, float | None]
    interval: dict[str, tuple[float, float] | None]
    n: int
    unparsed: int
    missing: int
    failed: int = 0
    marks: dict[str, str] = {}
    unavailable: dict[str, str] = {}
    primary: str | None = None
    scope: Scope | None = None
    bounds: dict[str, tuple[float, float] | None] | None = None
    published: list[dict[str, Any]] = []
    review: ShownReview | None = None
    answers: str | None = None


def read_shown(path: Path) -> ShownScore | None:
    """Return a run's score, None where the file is absent or not a score."""
    return _shown(path.read_bytes()) if path.is_file() else None


def read_gathered(path: Path) -> dict[str, ShownScore]:
    """Return the scores in a benchmark's score file by run, without entries that are not scores."""
    try:
        runs = read_object(path).get("runs") if path.is_file() else None
    except PipelineError:
        runs = None
    scores = {run: _shown(json.dumps(score)) for run, score in runs.items()} if isinstance(runs, dict) else {}
    return {run: score for run, score in scores.items() if score is not None}


def _shown(text: str | bytes) -> ShownScore | None:
    try:
        return ShownScore.model_validate_json(text)
    except ValidationError:
        return None
