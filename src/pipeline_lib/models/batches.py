"""Batches of token ids, padded to one length; every family uses them."""

from typing import Any

import torch

from pipeline_lib.models.encode import IGNORED
from pipeline_lib.models.family import Batch, Example, Side


def text_batch(examples: list[Example], pad: int, side: Side) -> Batch:
    """Return `input_ids`, `attention_mask` and, if the examples have them, `labels` [rows, tokens], padded."""
    ids = [example["input_ids"] for example in examples]
    batch = {"input_ids": padded(ids, pad, side), "attention_mask": padded([[1] * len(row) for row in ids], 0, side)}
    if all("labels" in example for example in examples):
        batch["labels"] = padded([example["labels"] for example in examples], IGNORED, side)
    return batch


def padded(sequences: list[list[Any]], value: int, side: Side = "right") -> torch.Tensor:
    """Return sequences as rows of one tensor, padded with a value to the longest."""
    longest = max(map(len, sequences))
    fills = [[value] * (longest - len(sequence)) for sequence in sequences]
    pairs = list(zip(sequences, fills, strict=True))
    return torch.tensor([fill + row if side == "left" else row + fill for row, fill in pairs])
