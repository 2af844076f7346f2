"""Strategy `stratified`: every group of rows by its share, each group's rows with the lowest digests.

The counts of the groups are exact, by the largest remainder method. So subsets nest where no group's count falls when
the subset grows: always with two groups; with three or more, a group may lose one row to another (the Alabama paradox),
and then the smaller subset has that row and the larger one does not.
"""

from collections import defaultdict
from typing import Callable, Literal, Sequence

from pydantic import Field

from pipeline_lib.sampling.base import Row, Share, quotas
from pipeline_lib.sampling.digest_rank import by_rank

By = Literal["origin", "modality"]


class Settings(Share):
    """What the groups are, and how much to take."""

    strategy: Literal["stratified"]
    by: By = Field(
        default="origin",
        description="`origin`: the first folder of the path of a row's image: `coco` of `coco/train2017/1.jpg`; "
        "`modality`: text, one image, or several. Rows without image are a group of their own",
    )


def choose(settings: Settings, seed: int, rows: Sequence[Row]) -> list[Row]:
    """Return the lowest-ranking rows of every group, by its share; PipelineError for none, or more than there are."""
    group = origin if settings.by == "origin" else modality
    return by_share(seed, rows, group, settings.number_of(len(rows)))


def by_share(seed: int, rows: Sequence[Row], group: Callable[[Row], str], count: int) -> list[Row]:
    """Return `count` rows: of every group its share, the lowest-ranking ones."""
    members: dict[str, list[Row]] = defaultdict(list)
    for row in by_rank(seed, rows):
        members[group(row)].append(row)
    shares = quotas({name: len(ranked) for name, ranked in members.items()}, count)
    return [row for name, ranked in members.items() for row in ranked[: shares[name]]]


def origin(row: Row) -> str:
    """Return the first folder of the path of a row's first image, empty if it is in none; `text` without image.

    A trailing slash tells a folder from the rows without image, so that a folder may be named `text`.
    """
    if not row.images:
        return "text"
    folder, slash, _ = row.images[0][0].partition("/")
    return f"{folder}/" if slash else ""


def modality(row: Row) -> str:
    """Return `text`, `image` or `images`: whether a row shows none, one or several."""
    return ("text", "image", "images")[min(len(row.images), 2)]
