"""The order of rows: drawn from an own seed for every epoch, never from a global generator."""

from typing import Iterator

import torch
from torch.utils.data import Sampler

from pipeline_lib.core.seeding import derive_seed


class SeededSampler(Sampler[int]):
    """A permutation of `count` rows that depends on the seed and the epoch alone."""

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order the next iteration gives; the trainer calls it."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(derive_seed(self.seed, "row order", str(self.epoch)))
        return iter(torch.randperm(self.count, generator=generator).tolist())
