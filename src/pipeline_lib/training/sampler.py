"""The order of rows, drawn from a separate seed for every epoch, never from the global generator."""

from typing import Iterator

import torch
from torch.utils.data import Sampler

from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.training.length_groups import modality_order


class RowSampler(Sampler[int]):
    """An order of `count` rows for every epoch; the trainer sets the epoch.

    With `lengths`, rows are grouped by modality and length (`length_groups.modality_order`) into steps of `shares`
    times `rows`.
    """

    def __init__(self, count: int, seed: int, lengths: list[int] | None = None, rows: int = 1, shares: int = 1) -> None:
        self.count = count
        self.seed = seed
        self.lengths = lengths
        self.rows = rows
        self.shares = shares
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch of the next iteration; the trainer calls it."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count


class SeededSampler(RowSampler):
    """An order that depends on seed and epoch alone; without lengths, a random permutation."""

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(derive_seed(self.seed, "row order", str(self.epoch)))
        if self.lengths is None:
            return iter(torch.randperm(self.count, generator=generator).tolist())
        return iter(modality_order(self.lengths, self.rows, self.shares, generator))
