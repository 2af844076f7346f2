"""Score files as a person sees them: what is printed of one, and nothing where it is no score."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

Shown = TypeVar("Shown", bound=BaseModel)


class ShownScore(BaseModel):
    """Metrics with their 95 % intervals, counts and marks of one run on one benchmark."""

    metrics: dict[str, float | None]
    interval: dict[str, tuple[float, float] | None]
    n: int
    unparsed: int
    missing: int
    marks: dict[str, str] = {}


class ShownBenchmark(BaseModel):
    """The scores of all runs on one benchmark."""

    runs: dict[str, ShownScore]


def read_shown(path: Path) -> ShownScore | None:
    """Return what a run's score file says, None where it is absent or somebody put something else there."""
    return _read(ShownScore, path)


def read_gathered(path: Path) -> ShownBenchmark | None:
    """Return what a benchmark's score file says, None where it is absent or somebody put something else there."""
    return _read(ShownBenchmark, path)


def _read(kind: type[Shown], path: Path) -> Shown | None:
    try:
        return kind.model_validate_json(path.read_bytes()) if path.is_file() else None
    except ValidationError:
        return None
