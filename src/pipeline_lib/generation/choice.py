"""The next token of an answer: the likeliest of all or of some, or one drawn among the likeliest."""

from dataclasses import dataclass
from typing import Sequence

import numpy as np
import torch

from pipeline_lib.core.seeding import derive_seed


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn: the temperature, above 0, the probability of the tokens that take part, and the seed."""

    temperature: float
    top_p: float
    seed: int

    def draws(self, question: str) -> np.random.Generator:
        """Return the draws of one question, which depend on no other question."""
        return np.random.default_rng(derive_seed(self.seed, "answer", question))


def among(logits: torch.Tensor, ids: Sequence[int]) -> torch.Tensor:
    """Return logits [vocabulary] in which all but these ids are impossible."""
    chosen = torch.full_like(logits, -torch.inf)
    chosen[list(ids)] = logits[list(ids)]
    return chosen


def likeliest(logits: torch.Tensor) -> list[int]:
    """Return the id of the largest of each row [rows, vocabulary]; the first of equal ones."""
    chosen: list[int] = logits.argmax(dim=-1).tolist()
    return chosen


def drawn(logits: torch.Tensor, draws: list[float], sampling: Sampling) -> list[int]:
    """Return an id for each row of logits [rows, vocabulary] by a number in [0, 1) for each row.

    The fewest tokens take part whose probabilities, the likeliest first, reach `top_p` together.
    """
    values, ids = logits.double().div(sampling.temperature).sort(dim=-1, descending=True, stable=True)
    sums = values.softmax(dim=-1).cumsum(dim=-1).cpu().numpy()
    chosen = []
    for row, draw in enumerate(draws):
        last = min(int(np.searchsorted(sums[row], sampling.top_p)), sums.shape[1] - 1)
        column = int(np.searchsorted(sums[row, : last + 1], draw * sums[row, last], side="right"))
        chosen.append(int(ids[row, min(column, last)]))
    return chosen
