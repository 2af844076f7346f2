"""Compute a language model's logits only at trained positions, which are all that the loss needs."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from pipeline_lib.models.encode import IGNORED

Batch = dict[str, Tensor]


class TrainedPositions:
    """Restricts the head of a language model to the hidden states that precede a trained token."""

    def __init__(self, head: torch.nn.Module) -> None:
        self._selected: Tensor | None = None
        head.register_forward_pre_hook(self._select)

    def logits(self, model: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the logits [trained tokens, vocabulary] of a batch, row by row, and their target tokens.

        The model is called as a whole, so that wrappers for several processes take part.
        """
        following = batch["labels"][:, 1:]
        trained = following != IGNORED
        self._selected = pad(trained, (0, 1))
        try:
            logits: Tensor = model(**{name: value for name, value in batch.items() if name != "labels"}).logits
        finally:
            self._selected = None
        return logits, following[trained]

    def _select(self, head: torch.nn.Module, arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        return None if self._selected is None else (arguments[0][self._selected],)
