"""The number of faults that a share allows."""

from math import sqrt

DEVIATIONS = 3  # standard deviations by which a sample may exceed the share


def allowed(share: float, total: int, sample: bool) -> float:
    """Return how many of `total` may be faulty: the share of them, plus a margin for chance if they are a sample.

    The margin is three standard deviations of the binomial distribution, so 0 for a share of 0.
    """
    return share * total + (DEVIATIONS * sqrt(share * (1 - share) * total) if sample else 0.0)
