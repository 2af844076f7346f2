"""Strategy `image_rank`: all rows about the images with the lowest digests; no image is in chosen and in other rows.

Rows that share an image, directly or through other rows, are taken together. Rows without an image count one by one.
The order follows from the content of images, so tables about the same images, each image alone in its rows, give
subsets about the same images. Subsets nest: with one seed the rows of a smaller one are among those of a larger one.
"""

import hashlib
from collections import defaultdict
from typing import Literal, Self, Sequence

from pydantic import Field, model_validator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.sampling.base import Row, SampleStrategy, image_digests
from pipeline_lib.sampling.digest_rank import LEAST


class Settings(SampleStrategy):
    """How many rows to take at least: a fraction or a count; the last images may add some."""

    strategy: Literal["image_rank"]
    fraction: float | None = Field(default=None, gt=0, le=1, description="share of the rows, rounded down, or more")
    count: int | None = Field(default=None, gt=0, le=10**10, description="number of rows, or more")

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
    """Return the rows of the lowest-ranking images; a count of 0 or above the number of rows raises PipelineError."""
    count = settings.count if settings.fraction is None else int(len(rows) * settings.fraction)
    if count is None or not 0 < count <= len(rows):
        raise PipelineError(f"cannot take {count} of {len(rows)} rows", cure="change the subset's fraction or count")
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
