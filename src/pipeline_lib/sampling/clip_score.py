"""Strategy `clip_score`: the rows whose images and text agree best, by the cosine of their embeddings by a CLIP.

Rows without image have no such score: they keep their share of the subset, those with the lowest digests. Subsets nest.
"""

from typing import TYPE_CHECKING, Literal, Sequence

from pipeline_lib.sampling.base import EmbeddedShare, Row, quotas
from pipeline_lib.sampling.digest_rank import by_rank, rank

if TYPE_CHECKING:
    from pipeline_lib.core.embeddings import Embeddings


class Settings(EmbeddedShare):
    """How much to take."""

    strategy: Literal["clip_score"]


def choose(settings: Settings, seed: int, rows: Sequence[Row], embeddings: "Embeddings") -> list[Row]:
    """Return the rows that agree best, of equal ones those with the lowest digests; PipelineError for no row."""
    agreement = embeddings.agreement()
    pairs = [(-int(score), rank(seed, row.row), row) for row, score in zip(rows, agreement, strict=True) if row.images]
    best = [row for _, _, row in sorted(pairs, key=lambda pair: pair[:2])]
    return beside_text(seed, rows, best, settings.number_of(len(rows)))


def beside_text(seed: int, rows: Sequence[Row], ordered: Sequence[Row], count: int) -> list[Row]:
    """Return `count` rows: the first of those with images, which are `ordered`, and rows without by their share."""
    text = by_rank(seed, [row for row in rows if not row.images])
    shares = quotas({"image": len(ordered), "text": len(text)}, count)
    return [*ordered[: shares["image"]], *text[: shares["text"]]]
