"""A run's score file as a person sees it: what `vlmflow show` prints of it, and nothing where it is no score."""

from pathlib import Path

from pydantic import BaseModel, ValidationError


class ShownScore(BaseModel):
    """Metrics with their 95 % intervals, counts and marks of one run on one benchmark."""

    metrics: dict[str, float | None]
    interval: dict[str, tuple[float, float] | None]
    n: int
    unparsed: int
    missing: int
    marks: dict[str, str] = {}


def read_shown(path: Path) -> ShownScore | None:
    """Return what a score file says, None where it is absent or somebody put something else there."""
    try:
        return ShownScore.model_validate_json(path.read_bytes()) if path.is_file() else None
    except ValidationError:
        return None
