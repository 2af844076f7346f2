"""Rows held out of a subset: those of other subsets, and all rows about the same images or about a benchmark's."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

from pipeline_lib.conversations.subset import read_subset
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import field
from pipeline_lib.core.text import read_lines
from pipeline_lib.sampling.base import digest_in, image_digests


@dataclass(frozen=True)
class HeldOut:
    """What a subset leaves out: images by the digests of their bytes, and rows without images by their own digests."""

    images: frozenset[str]
    rows: frozenset[str]


def held_out(subsets: Iterable[Path], shared: Iterable[Path]) -> HeldOut:
    """Return what is held out by some subsets, and by lists of the images that benchmarks share."""
    rows = [row for path in subsets for row in read_subset(path)]
    pins = [pin for row in rows for pin in (row.image_sha256 or "").split()]
    pins += [field(row, "pin", str, path) for path in shared for row in read_lines(path)]
    texts = {row.row_sha256 for row in rows if row.image_sha256 is None}
    return HeldOut(frozenset(map(digest_in, pins)), frozenset(texts))


def apart_from(held: HeldOut, rows: list[Conversation]) -> list[Conversation]:
    """Return the rows without a held-out image, and without held-out rows; PipelineError if none remains."""
    if not held.images and not held.rows:
        return rows
    remaining = [row for row in rows if held.images.isdisjoint(image_digests(row)) and not _is_held(row, held)]
    if not remaining:
        cure = "hold out fewer rows: change `holdout` of this subset, or the subsets that it names"
        raise PipelineError(f"all {len(rows)} rows of the table are held out", cure=cure)
    return remaining


def _is_held(row: Conversation, held: HeldOut) -> bool:
    return bool(held.rows) and not row.images and row.digest() in held.rows
