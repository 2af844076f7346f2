"""The order of rows that LLaVA's own code draws from a seed: what torch's global generator gave there.

Source: haotian-liu/LLaVA c121f04, `llava/train/llava_trainer.py`, on transformers 4.37.2 and accelerate 0.21.0; orders
that were recorded from that code are a test.
"""

from typing import Iterator

import torch

from pipeline_lib.training.length_groups import modality_order
from pipeline_lib.training.sampler import RowSampler

UNSEEDED = 67280421310721  # the seed of a generator that nobody has seeded


class OriginalSampler(RowSampler):
    """The original's order of rows: one function of seed and epoch, because all earlier epochs are drawn again.

    With several `processes` accelerate gave the sampler a generator that nobody had seeded: the seed then decides at
    most which rows share a step.
    """

    def __init__(
        self, count: int, seed: int, lengths: list[int] | None, rows: int, shares: int, processes: int
    ) -> None:
        super().__init__(count, seed, lengths, rows, shares)
        self.processes = processes

    def __iter__(self) -> Iterator[int]:
        everywhere = torch.Generator().manual_seed(self.seed)
        own = everywhere if self.processes == 1 else torch.Generator().manual_seed(UNSEEDED)
        for _ in range(self.epoch):
            self._draw(everywhere, own)
        return iter(self._draw(everywhere, own))

    def _draw(self, everywhere: torch.Generator, own: torch.Generator) -> list[int]:
        """Return the next epoch's order, drawn from the global generator and from the sampler's."""
        _draw_seed(everywhere)  # the loader draws one for its workers, whether it has any or not
        if self.lengths is not None:
            return modality_order(self.lengths, self.rows, self.shares, everywhere, own)
        if own is everywhere:
            own = torch.Generator().manual_seed(_draw_seed(everywhere))
        return torch.randperm(self.count, generator=own).tolist()


def _draw_seed(generator: torch.Generator) -> int:
    return int(torch.empty((), dtype=torch.int64).random_(generator=generator).item())
