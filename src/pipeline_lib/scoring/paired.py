"""Two runs on the same questions: the difference of a metric with its interval, an exact test, Holm's correction.

Pure functions of numbers. The draws of two runs pair up, as they share the seed and the clusters.
"""

import math
from dataclasses import dataclass
from typing import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.scoring.bootstrap import LEVEL, RESAMPLES, Metrics

NORMAL_975, NORMAL_80 = 1.959963984540054, 0.8416212335729143  # quantiles of the normal distribution
MOST_QUESTIONS = 10_000_000  # a larger number says nothing


@dataclass(frozen=True)
class Difference:
    """A metric of the first run minus that of the second, with its 95 % interval.

    `deviation` is the standard deviation of the difference over the draws.
    """

    value: float
    low: float
    high: float
    deviation: float

    @property
    def is_shown(self) -> bool:
        """Return whether the interval excludes zero."""
        return self.low > 0 or self.high < 0


def metric_draws(sums: NDArray[np.float64], metrics: Metrics, name: str, seed: int) -> NDArray[np.float64]:
    """Return a metric over RESAMPLES draws of whole clusters, [RESAMPLES]; undefined ones are NaN.

    The same draws as those of `bootstrap.intervals`: equal seeds and numbers of clusters give equal choices.
    """
    count = len(sums)
    weights = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    values: NDArray[np.float64] = metrics(np.tensordot(weights, sums, axes=1))[name]
    return values


def paired_difference(
    first: float, second: float, first_draws: NDArray[np.float64], second_draws: NDArray[np.float64]
) -> Difference | None:
    """Return the difference of two values of a metric, with the interval over their paired draws; None if undefined."""
    differences = first_draws - second_draws
    defined = differences[~np.isnan(differences)]
    if math.isnan(first) or math.isnan(second) or not defined.size:
        return None
    low, high = np.percentile(defined, LEVEL)
    return Difference(first - second, float(low), float(high), float(defined.std()))


def mcnemar(first_only: int, second_only: int) -> float:
    """Return the exact two-sided p-value of McNemar's test: of so uneven a split of questions that one run got right.

    Twice the smaller tail of the binomial distribution with probability one half, at most 1.
    """
    total = first_only + second_only
    tail = sum(_binomial_half(total, count) for count in range(min(first_only, second_only) + 1))
    return min(1.0, 2 * tail)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted by Holm's step-down method, in the order of the input (Holm 1979)."""
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        highest = max(highest, (len(p_values) - rank) * p_values[index])
        adjusted[index] = min(1.0, highest)
    return adjusted


def questions_needed(difference: Difference, questions: int) -> int | None:
    """Return about how many questions of this kind would tell the difference from zero, None if no number would.

    A two-sided test at 5 % with a power of 80 %, if the true difference is the measured one and its deviation falls
    with the root of the number of questions.
    """
    if not difference.value or not difference.deviation:
        return None
    needed = questions * ((NORMAL_975 + NORMAL_80) * difference.deviation / difference.value) ** 2
    return math.ceil(needed) if needed <= MOST_QUESTIONS else None


def _binomial_half(total: int, count: int) -> float:
    logarithm = math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
    return math.exp(logarithm - total * math.log(2))
