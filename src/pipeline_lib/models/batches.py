"""Batches of token ids, and greedy answers to them; every family uses them."""

from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from pipeline_lib.models.encode import IGNORED
from pipeline_lib.models.family import Batch, Example, Generated, Side


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


def greedy_answers(model: Any, batch: Batch, tokenizer: PreTrainedTokenizerBase, **how: Any) -> list[Generated]:
    """Return what a model generates greedily after the prompts of a batch padded on the left.

    `how` are further arguments of transformers' `generate`.
    """
    with torch.inference_mode():
        generated = model.generate(**batch, **how, do_sample=False)
    new = generated[:, batch["input_ids"].shape[1] :]
    texts = tokenizer.batch_decode(new, skip_special_tokens=True)
    return [Generated(text.strip(), tokens) for text, tokens in zip(texts, _lengths(model, new), strict=True)]


def _lengths(model: Any, new: torch.Tensor) -> list[int]:
    """Return how many tokens of each row [rows, tokens] end with the first token that ends an answer."""
    end = model.generation_config.eos_token_id  # one, several, or none
    ends = torch.tensor([] if end is None else end, dtype=new.dtype, device=new.device).flatten()
    ended = torch.isin(new, ends).cumsum(dim=1)
    return [int(length) for length in (ended == 0).sum(dim=1) + (ended > 0).any(dim=1)]
