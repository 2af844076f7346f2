"""Strategy `digest_rank`: the rows with the lowest digests; no random generator, so the same rows on every machine.

Subsets nest: with one seed the rows of a smaller fraction are among those of a larger one.
"""

import hashlib
from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.sampling.base import SampleStrategy


class Settings(SampleStrategy):
    """How much to take: a fraction or a count."""

    strategy: Literal["digest_rank"] = "digest_rank"
    fraction: float | None = Field(default=None, gt=0, le=1, description="share of the rows, rounded down")
    count: int | None = Field(default=None, gt=0, le=10**10, description="number of rows")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.fraction is None) == (self.count is None):
            raise ValueError("give either fraction or count")
        return self


def choose(settings: Settings, seed: int, rows: list[int]) -> list[int]:
    """Return the lowest-ranking rows; a count of 0 or above the number of rows raises PipelineError."""
    count = settings.count if settings.fraction is None else int(len(rows) * settings.fraction)
    if count is None or not 0 < count <= len(rows):
        raise PipelineError(f"cannot take {count} of {len(rows)} rows", cure="change the subset's fraction or count")
    return sorted(rows, key=lambda row: (rank(seed, row), row))[:count]


def rank(seed: int, row: int) -> bytes:
    """Return the rank of a row: the sha256 of `seed:row` in decimal digits."""
    return hashlib.sha256(f"{seed}:{row}".encode()).digest()
