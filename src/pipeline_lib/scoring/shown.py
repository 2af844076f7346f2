"""Score files as a person sees them: what is printed of one, and nothing where it is no score."""

import json
from pathlib import Path

from pydantic import BaseModel, ValidationError

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_object


class ShownScore(BaseModel):
    """Metrics with their 95 % intervals, counts and marks of one run on one benchmark."""

    metrics: dict[str, float | None]
    interval: dict[str, tuple[float, float] | None]
    n: int
    unparsed: int
    missing: int
    marks: dict[str, str] = {}


def read_shown(path: Path) -> ShownScore | None:
    """Return what a run's score file says, None where it is absent or somebody put something else there."""
    return _shown(path.read_bytes()) if path.is_file() else None


def read_gathered(path: Path) -> dict[str, ShownScore]:
    """Return what a benchmark's score file says of every run, without those where somebody put something else there."""
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
