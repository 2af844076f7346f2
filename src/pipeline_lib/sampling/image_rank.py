"""Strategy `image_rank`: all rows about the images with the lowest digests; no image is in chosen and in other rows.

Rows that share an image, directly or through other rows, are taken together. Rows without an image count one by one.
The order follows from the content of images, so tables about the same images, each image alone in its rows, give
subsets about the same images. Subsets nest: with one seed the rows of a smaller one are among those of a larger one.
"""

import hashlib
from collections import defaultdict
from typing import Literal, Self, Sequence

from pydantic import Field

from pipeline_lib.sampling.base import Row, Share, image_digests


class Settings(Share):
    """How many rows to take at least: a fraction or a count; the last images may add some."""

    strategy: Literal["image_rank"]
    fraction: float | None = Field(default=None, gt=0, le=1, description="share of the rows, rounded down, or more")
    count: int | None = Field(default=None, gt=0, le=10**10, description="number of rows, or more")

    def rehearsed(self, rows: int | None) -> Self:
        """Return a count as a fraction of the rows, if their number is known."""
        return self if rows is None else super().rehearsed(rows)


def choose(settings: Settings, seed: int, rows: Sequence[Row]) -> list[Row]:
    """Return the rows of the lowest-ranking images; a count of 0 or above the number of rows raises PipelineError."""
    count = settings.number_of(len(rows))
    chosen: list[Row] = []
    for group in _groups(seed, rows):
        if len(chosen) >= count:
            break
        chosen += group
    return chosen


def _groups(seed: int, rows: Sequence[Row]) -> list[list[Row]]:
    """Return rows that share images together, the groups by the lowest rank of their images."""
    parents: dict[str, str] = {}
    for row in rows:
        first, *others = _names(row)
        for name in (first, *others):
            parents.setdefault(name, name)
        for other in others:
            parents[_root(parents, other)] = _root(parents, first)
    ranks: dict[str, bytes] = {}
    for name in parents:
        root, rank = _root(parents, name), hashlib.sha256(f"{seed}:{name}".encode()).digest()
        ranks[root] = min(ranks.get(root, rank), rank)
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[_root(parents, _names(row)[0])].append(row)
    return [groups[root] for root in sorted(groups, key=lambda root: (ranks[root], root))]


def _names(row: Row) -> list[str]:
    """Return the digests of a row's images, or, of one without, a name that no other row has."""
    return image_digests(row) or [f"row {row.row}"]


def _root(parents: dict[str, str], name: str) -> str:
    """Return the name that stands for all names joined with this one; shortens the way to it."""
    while parents[name] != name:
        parents[name] = parents[parents[name]]
        name = parents[name]
    return name
