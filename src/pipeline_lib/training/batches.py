"""Examples and batches of conversations and of image-caption pairs."""

from typing import Callable

import torch

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.batches import padded
from pipeline_lib.models.encoded import Encoded, RowRules
from pipeline_lib.models.family import Shown
from pipeline_lib.training.task import Batch, Features

CACHE_BYTES = 512 * 2**20  # images kept in memory, so that a small dataset is decoded once


class ImageCache:
    """A cache of the tensors of images by pin, up to CACHE_BYTES."""

    def __init__(self, show: Callable[[str, str], Shown]) -> None:
        self._show = show
        self._cached: dict[str, Shown] = {}
        self._free = CACHE_BYTES

    def __call__(self, path: str, pin: str) -> Shown:
        """Return the tensors of an image."""
        if pin in self._cached:
            return self._cached[pin]
        shown = self._show(path, pin)
        size = sum(tensor.element_size() * tensor.numel() for tensor in shown.values())
        if size <= self._free:
            self._free -= size
            self._cached[pin] = shown
        return shown


def trained_row(row: Conversation, rules: RowRules, encoded: Encoded) -> Features:
    """Return `input_ids` and `labels` of a conversation, truncated to the longest length.

    Raises PipelineError where no token is trained; the original trains on such rows, and so does `as_original`.
    """
    if not rules.as_original and not encoded.trained:
        raise PipelineError(
            f"no token of this row is trained: its {len(encoded.whole_ids)} tokens are truncated to {rules.length}",
            where=f"row {row.row}",
            value=row.id,
            cure="raise the recipe's max_length, or drop the row",
        )
    return {"input_ids": encoded.ids, "labels": encoded.labels}


def collate_pairs(examples: list[Features], pad: int) -> Batch:
    """Return the captions' `input_ids` and `attention_mask` [rows, tokens], `pixel_values`, and `return_loss`."""
    return {
        "input_ids": padded([example["input_ids"] for example in examples], pad),
        "attention_mask": padded([[1] * len(example["input_ids"]) for example in examples], 0),
        "pixel_values": torch.stack([example["pixel_values"] for example in examples]),
        "return_loss": torch.tensor(True),
    }
