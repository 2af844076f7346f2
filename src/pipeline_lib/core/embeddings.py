"""Embeddings of the rows of a table: a safetensors file of unit vectors, read as fixed-point numbers.

Products and sums of fixed-point numbers are exact in 64 bits, in any order. So whatever is chosen by them is the same
on every processor and with any number of threads.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from pipeline_lib.core.errors import PipelineError

ONE = 2**14  # the fixed-point number of 1.0: a component of a unit vector fits in 16 bits
BLOCK = 4096  # vectors in memory at once as wider numbers

Vectors = NDArray[np.int16]  # [vectors, dimensions]


@dataclass(frozen=True)
class Embeddings:
    """The embeddings of a table's rows, in its order: the rows' numbers, and a vector of images and of text for each.

    The images' vector of a row without image is 0.
    """

    rows: list[int]
    images: Vectors
    texts: Vectors

    def of(self, rows: list[int]) -> "Embeddings":
        """Return the embeddings of some rows, in their order; PipelineError for a row that has none."""
        positions = {row: position for position, row in enumerate(self.rows)}
        missing = [row for row in rows if row not in positions]
        if missing:
            raise PipelineError("the table has rows without embeddings: these are of other rows", value=missing[:5])
        chosen = [positions[row] for row in rows]
        return Embeddings(rows, self.images[chosen], self.texts[chosen])

    def agreement(self) -> NDArray[np.int64]:
        """Return the cosine of the images and the text of every row, times ONE squared."""
        parts = [
            (self.images[first : first + BLOCK].astype(np.int64) * self.texts[first : first + BLOCK]).sum(axis=1)
            for first in range(0, len(self.rows), BLOCK)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def write_embeddings(path: Path, rows: list[int], images: NDArray[np.float32], texts: NDArray[np.float32]) -> None:
    """Write the unit vectors of rows, [rows, dimensions] each."""
    save_file({"rows": np.array(rows, np.int64), "images": images, "texts": texts}, path)


def read_embeddings(path: Path) -> Embeddings:
    """Return the embeddings in a file; an incomplete one raises PipelineError."""
    try:
        with safe_open(path, framework="numpy") as file:
            rows = file.get_tensor("rows").tolist()
            images, texts = (_fixed(file.get_slice(name), len(rows)) for name in ("images", "texts"))
    except (SafetensorError, OSError) as error:
        cure = "delete its manifest and run again: its stage then runs again"
        raise PipelineError(f"no complete file of embeddings: {error}", where=path, cure=cure) from error
    return Embeddings(rows, images, texts)


def fixed(vectors: NDArray[np.floating]) -> Vectors:
    """Return vectors of length 1 or less as fixed-point numbers."""
    numbers: Vectors = np.rint(vectors * ONE).astype(np.int16)
    return numbers


def _fixed(stored: Any, rows: int) -> Vectors:
    """Return the vectors of a slice of a file, some at a time."""
    blocks = [fixed(stored[first : min(first + BLOCK, rows)]) for first in range(0, rows, BLOCK)]
    return np.concatenate(blocks) if blocks else np.zeros((0, 0), np.int16)
