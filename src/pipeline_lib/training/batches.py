"""Examples and batches of conversations and of image-caption pairs."""

from typing import Any, Callable

import torch

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.encode import IGNORED
from pipeline_lib.models.encoded import encoded_row
from pipeline_lib.models.rows import Encoding
from pipeline_lib.training.task import Batch, Features

CACHE_BYTES = 512 * 2**20  # pixels kept in memory, so that a small dataset is decoded once


class PixelCache:
    """A cache of pixel tensors by image digest, up to CACHE_BYTES."""

    def __init__(self, load: Callable[[Conversation], torch.Tensor]) -> None:
        self._load = load
        self._cached: dict[str, torch.Tensor] = {}
        self._free = CACHE_BYTES

    def __call__(self, row: Conversation) -> torch.Tensor:
        """Return the pixels [3, height, width] of a row's image."""
        key = str(row.image_sha256)
        if key in self._cached:
            return self._cached[key]
        pixels = self._load(row)
        size = pixels.element_size() * pixels.numel()
        if size <= self._free:
            self._free -= size
            self._cached[key] = pixels
        return pixels


def encode_row(row: Conversation, encoding: Encoding) -> Features:
    """Return `input_ids` and `labels` of a conversation, truncated to the longest length.

    Raises PipelineError where no token is trained; the original trains on such rows, and so does `faithful`.
    """
    encoded = encoded_row(row, encoding)
    if not encoding.faithful and not encoded.trained:
        raise PipelineError(
            f"no token of this row is trained: its {len(encoded.whole_ids)} tokens are truncated to {encoding.length}",
            where=f"row {row.row}",
            value=row.id,
            cure="raise the recipe's max_length, or drop the row",
        )
    return {"input_ids": encoded.ids, "labels": encoded.labels}


def collate_conversations(examples: list[Features], pad: int) -> Batch:
    """Return `input_ids`, `labels`, `attention_mask` [rows, tokens], padded on the right, and `pixel_values` if any."""
    batch = {
        "input_ids": _padded([example["input_ids"] for example in examples], pad),
        "labels": _padded([example["labels"] for example in examples], IGNORED),
        "attention_mask": _padded([[1] * len(example["input_ids"]) for example in examples], 0),
    }
    pixels = [example["pixel_values"] for example in examples if "pixel_values" in example]
    return {**batch, "pixel_values": torch.stack(pixels)} if pixels else batch


def collate_pairs(examples: list[Features], pad: int) -> Batch:
    """Return the captions' `input_ids` and `attention_mask` [rows, tokens], `pixel_values`, and `return_loss`."""
    return {
        "input_ids": _padded([example["input_ids"] for example in examples], pad),
        "attention_mask": _padded([[1] * len(example["input_ids"]) for example in examples], 0),
        "pixel_values": torch.stack([example["pixel_values"] for example in examples]),
        "return_loss": torch.tensor(True),
    }


def _padded(sequences: list[list[Any]], value: int) -> torch.Tensor:
    longest = max(map(len, sequences))
    return torch.tensor([sequence + [value] * (longest - len(sequence)) for sequence in sequences])
