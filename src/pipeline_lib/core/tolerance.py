"""How many faults a share allows."""

from math import sqrt

DEVIATIONS = 3  # by which a sample may exceed the share


def allowed(share: float, total: int, sample: bool) -> float:
    """Return how many of `total` may be faulty: the share of them, and for a sample what chance may add.

    Chance adds three standard deviations of the binomial distribution, so nothing to a share of 0.
    """
    return share * total + (DEVIATIONS * sqrt(share * (1 - share) * total) if sample else 0.0)
