"""Strategy `digest_rank`: the rows with the lowest digests; no random generator, so the same rows on every machine.

Subsets nest: with one seed the rows of a smaller fraction are among those of a larger one.
"""

import hashlib
from typing import Literal, Self, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.sampling.base import Row, SampleStrategy

FIRST = 8  # bytes of a rank, which nearly always differ
LEAST = 2  # rows of a rehearsal's subset: if one is unusable, one remains


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

    def rehearsed(self, rows: int | None) -> Self:
        """Return a count as a fraction of the rows; a fraction leaves at least LEAST rows."""
        if rows is None:
            return self
        share = self.fraction if self.count is None else self.count / rows
        return self.model_copy(update={"count": None, "fraction": min(1.0, max(share or 0.0, LEAST / rows))})


def choose(settings: Settings, seed: int, rows: Sequence[Row]) -> list[Row]:
    """Return the lowest-ranking rows; a count of 0 or above the number of rows raises PipelineError."""
    chosen = set(choose_numbers(settings, seed, np.array([row.row for row in rows], np.int64)).tolist())
    return [row for row in rows if row.row in chosen]


def choose_numbers(settings: Settings, seed: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of the lowest-ranking rows; see `choose`."""
    count = settings.count if settings.fraction is None else int(len(rows) * settings.fraction)
    if count is None or not 0 < count <= len(rows):
        raise PipelineError(f"cannot take {count} of {len(rows)} rows", cure="change the subset's fraction or count")
    ranks = np.frombuffer(b"".join([rank(seed, row)[:FIRST] for row in rows.tolist()]), ">u8")
    order = np.argsort(ranks, kind="stable")
    if len(rows) > count and ranks[order[count - 1]] == ranks[order[count]]:  # the other bytes decide
        order = np.array(sorted(range(len(rows)), key=lambda place: (rank(seed, int(rows[place])), rows[place])))
    return rows[order[:count]]


def by_rank(seed: int, rows: Sequence[Row]) -> list[Row]:
    """Return the rows by their ranks, the lowest first."""
    return sorted(rows, key=lambda row: (rank(seed, row.row), row.row))


def rank(seed: int, row: int) -> bytes:
    """Return the rank of a row: the sha256 of `seed:row` in decimal digits."""
    return hashlib.sha256(f"{seed}:{row}".encode()).digest()
