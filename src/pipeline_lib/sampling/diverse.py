"""Strategy `diverse`: as many rows about images of every cluster, by the embeddings of the images by a CLIP.

Frequent kinds of images are taken less often than by chance, and rare ones more often. The order of all rows depends on
clusters and digests alone, so subsets nest. Rows without image keep their share of the subset, those with the lowest
digests.
"""

from collections import Counter
from typing import TYPE_CHECKING, Literal, Sequence

from pydantic import Field

from pipeline_lib.sampling.base import EmbeddedShare, Row
from pipeline_lib.sampling.clip_score import beside_text
from pipeline_lib.sampling.digest_rank import by_rank

if TYPE_CHECKING:
    from pipeline_lib.core.embeddings import Embeddings


class Settings(EmbeddedShare):
    """How many clusters there are, and how much to take."""

    strategy: Literal["diverse"]
    clusters: int = Field(default=100, ge=2, le=100_000, description="kinds of images to tell apart")
    rounds: int = Field(default=20, ge=1, le=1000, description="most rounds in which their centres move")


def choose(settings: Settings, seed: int, rows: Sequence[Row], embeddings: "Embeddings") -> list[Row]:
    """Return rows of all clusters in turn, the lowest digests of each first; PipelineError for no row."""
    from pipeline_lib.core.clusters import clusters_of

    positions = {row.row: position for position, row in enumerate(rows)}
    ranked = by_rank(seed, [row for row in rows if row.images])
    count = settings.number_of(len(rows))
    if not ranked:
        return beside_text(seed, rows, [], count)
    vectors = embeddings.images[[positions[row.row] for row in ranked]]
    numbers = clusters_of(vectors, settings.clusters, settings.rounds).tolist()
    return beside_text(seed, rows, in_turn(ranked, numbers), count)


def in_turn(rows: Sequence[Row], clusters: Sequence[int]) -> list[Row]:
    """Return the first row of every cluster, then the second of those that have one, and so on."""
    before: Counter[int] = Counter()
    turns = []
    for cluster in clusters:
        turns.append(before[cluster])
        before[cluster] += 1
    return [rows[position] for position in sorted(range(len(rows)), key=turns.__getitem__)]
