"""The logits of a language model where a token is trained: the loss needs no others."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from pipeline_lib.models.encode import IGNORED

Batch = dict[str, Tensor]


class TrainedPositions:
    """Lets the head of a language model read only those hidden states that a trained token follows."""

    def __init__(self, head: torch.nn.Module) -> None:
        self._read: Tensor | None = None
        head.register_forward_pre_hook(self._choose)

    def logits(self, model: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the logits [trained tokens, vocabulary] of a batch, and the tokens that are right.

        They come row by row. The model is called as a whole, so that what wraps it for many processes takes part.
        """
        following = batch["labels"][:, 1:]
        trained = following != IGNORED
        self._read = pad(trained, (0, 1))
        try:
            logits: Tensor = model(**{name: value for name, value in batch.items() if name != "labels"}).logits
        finally:
            self._read = None
        return logits, following[trained]

    def _choose(self, head: torch.nn.Module, arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        return None if self._read is None else (arguments[0][self._read],)
