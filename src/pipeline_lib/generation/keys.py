"""Which keys of the cache a token sees: what all questions of its row share, and its own question."""

from typing import NamedTuple

import torch

SHARED, PADDING = -1, -2  # in the place of a question's number


class Token(NamedTuple):
    """A token of a question: the number of the question, the id, and the position that it would have alone."""

    question: int
    id: int
    position: int


class Entered(NamedTuple):
    """Tokens of all rows: ids and positions [rows, tokens], and the keys that they see [rows, 1, tokens, keys]."""

    ids: torch.Tensor
    positions: torch.Tensor
    visible: torch.Tensor


class Keys:
    """The questions and positions of all keys in a cache of some rows, which begin with `shared` tokens each."""

    def __init__(self, rows: int, shared: int, device: torch.device) -> None:
        self._questions = torch.full((rows, shared), SHARED, device=device)
        self._positions = torch.arange(shared, device=device).repeat(rows, 1)

    def enter(self, tokens: list[list[Token]]) -> Entered:
        """Add the next tokens of every row, padded on the right to the same number."""
        width = max(map(len, tokens))
        padded = [[*row, *[Token(PADDING, 0, 0)] * (width - len(row))] for row in tokens]
        questions, ids, positions = torch.tensor(padded, device=self._questions.device).unbind(-1)
        self._questions = torch.cat([self._questions, questions], dim=1)
        self._positions = torch.cat([self._positions, positions], dim=1)
        key, position = self._questions[:, None, :], self._positions[:, None, :]
        causal = (key == questions[..., None]) & (position <= positions[..., None])  # padding sees padding
        return Entered(ids, positions, ((key == SHARED) | causal)[:, None])
