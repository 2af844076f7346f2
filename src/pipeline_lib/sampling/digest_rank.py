"""Strategy `digest_rank`: the rows with the lowest digests; no random generator, so the same rows on every machine.

Subsets nest: with one seed the rows of a smaller fraction are among those of a larger one.
"""

import hashlib
from typing import Literal, Self, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.sampling.base import Row, Share

FIRST = 8  # bytes of a rank, which nearly always differ


class Settings(Share):
    """How much to take: a fraction or a count."""

    strategy: Literal["digest_rank"] = "digest_rank"

    def rehearsed(self, rows: int | None) -> Self:
        """Return a count as a fraction of the rows, if their number is known."""
        return self if rows is None else super().rehearsed(rows)


def choose(settings: Settings, seed: int, rows: Sequence[Row]) -> list[Row]:
    """Return the lowest-ranking rows; a count of 0 or above the number of rows raises PipelineError."""
    chosen = set(choose_numbers(settings, seed, np.array([row.row for row in rows], np.int64)).tolist())
    return [row for row in rows if row.row in chosen]


def choose_numbers(settings: Settings, seed: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of the lowest-ranking rows; see `choose`."""
    count = settings.number_of(len(rows))
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
