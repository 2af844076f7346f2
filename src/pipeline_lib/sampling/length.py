"""Strategy `length`: the longest rows, or rows of all lengths by their shares.

`keep: long` takes the rows with the longest answers, which Zhao et al. 2024 ("Long Is More for Alignment", PMLR
235:60674) propose as a baseline; of equal lengths, those with the lowest digests. Its subsets nest. `keep: spread`
sorts the rows by length into groups of equal size and takes of each group its share, as `stratified` does, and nests
where that does.
"""

from typing import Literal, Sequence

from pydantic import Field

from pipeline_lib.sampling.base import Row, Share
from pipeline_lib.sampling.digest_rank import rank
from pipeline_lib.sampling.stratified import by_share

HUMAN = "human"  # the speaker who asks


class Settings(Share):
    """What length is, which lengths to prefer, and how much to take."""

    strategy: Literal["length"]
    by: Literal["answer_characters", "characters", "turns"] = Field(
        default="answer_characters", description="what is counted: characters of the answers, of all turns, or turns"
    )
    keep: Literal["long", "spread"] = Field(
        default="long", description="`long`: the longest rows; `spread`: of every group of lengths its share"
    )
    groups: int = Field(default=10, ge=2, le=1000, description="groups of lengths, of equal size, for `keep: spread`")


def choose(settings: Settings, seed: int, rows: Sequence[Row]) -> list[Row]:
    """Return the longest rows, or some of all lengths; PipelineError for none, or more than there are."""
    count = settings.number_of(len(rows))
    lengths = {row.row: length_of(row, settings.by) for row in rows}
    longest = sorted(rows, key=lambda row: (-lengths[row.row], rank(seed, row.row), row.row))
    if settings.keep == "long":
        return longest[:count]
    groups = {row.row: position * settings.groups // len(rows) for position, row in enumerate(longest)}
    return by_share(seed, rows, lambda row: f"{groups[row.row]:03d}", count)


def length_of(row: Row, by: str) -> int:
    """Return the length of a row: its turns, or the characters of its answers or of all turns."""
    if by == "turns":
        return len(row.conversations)
    answers_only = by == "answer_characters"
    turns = (turn for turn in row.conversations if not answers_only or turn["from"] != HUMAN)
    return sum(len(turn["value"]) for turn in turns)
