"""The row order that LLaVA's original code draws from a seed, by torch's global generator.

Source: haotian-liu/LLaVA c121f04, `llava/train/llava_trainer.py`, on transformers 4.37.2 and accelerate 0.21.0; a test
compares with orders recorded from that code.
"""

from typing import Iterator

import torch

from pipeline_lib.training.length_groups import modality_order
from pipeline_lib.training.sampler import RowSampler

UNSEEDED = 67280421310721  # the default seed of a torch generator


class OriginalSampler(RowSampler):
    """The original's order of rows: a function of seed and epoch alone, because all earlier epochs are drawn again.

    With several `processes`, accelerate gave the sampler an unseeded generator: the seed then decides at most which
    rows share a step.
    """

    def __init__(
        self, count: int, seed: int, lengths: list[int] | None, rows: int, shares: int, processes: int
    ) -> None:
        super().__init__(count, seed, lengths, rows, shares)
        self.processes = processes

    def __iter__(self) -> Iterator[int]:
        main = torch.Generator().manual_seed(self.seed)
        sampler = main if self.processes == 1 else torch.Generator().manual_seed(UNSEEDED)
        for _ in range(self.epoch):
            self._draw(main, sampler)
        return iter(self._draw(main, sampler))

    def _draw(self, main: torch.Generator, sampler: torch.Generator) -> list[int]:
        """Return the next epoch's order, drawn from the global generator and the sampler's."""
        _draw_seed(main)  # the loader draws a seed for its workers, even if it has none
        if self.lengths is not None:
            return modality_order(self.lengths, self.rows, self.shares, main, sampler)
        if sampler is main:
            sampler = torch.Generator().manual_seed(_draw_seed(main))
        return torch.randperm(self.count, generator=sampler).tolist()


def _draw_seed(generator: torch.Generator) -> int:
    return int(torch.empty((), dtype=torch.int64).random_(generator=generator).item())
