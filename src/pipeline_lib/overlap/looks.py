"""Distances between perceptual hashes: for each, the nearest one of others."""

from typing import Sequence

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]


def bits(looks: Sequence[str]) -> Bits:
    """Return perceptual hashes of 16 hexadecimal digits as numbers."""
    return np.array([int(look, 16) for look in looks], dtype=np.uint64)


def nearest(hashes: Bits, others: Bits) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return, for every hash, the index of the nearest other one, the first of equals, and how many bits differ.

    Without others, the index is -1 and the distance 65.
    """
    if not others.size:
        return np.full(hashes.size, -1), np.full(hashes.size, 65)
    indices, distances = np.empty(hashes.size, dtype=np.intp), np.empty(hashes.size, dtype=np.intp)
    for position, value in enumerate(hashes):
        differing = np.bitwise_count(others ^ value)
        indices[position] = differing.argmin()
        distances[position] = differing[indices[position]]
    return indices, distances
