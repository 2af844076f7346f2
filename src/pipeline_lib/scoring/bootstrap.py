"""Intervals: the 95 % percentile bootstrap over clusters, vectorised."""

from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
LEVEL = (2.5, 97.5)  # percentiles

Metrics = Callable[[NDArray[np.float64]], dict[str, Any]]


def cluster_sums(tallies: NDArray[np.float64], clusters: list[str]) -> NDArray[np.float64]:
    """Return tallies summed within each cluster, [clusters, …], in the order of the cluster's name."""
    names, places = np.unique(np.array(clusters), return_inverse=True)
    sums = np.zeros((len(names), *tallies.shape[1:]))
    np.add.at(sums, places, tallies)
    return sums


def intervals(sums: NDArray[np.float64], metrics: Metrics, seed: int) -> dict[str, list[float]]:
    """Return [low, high] of every metric, when whole clusters are drawn with replacement RESAMPLES times."""
    generator = np.random.default_rng(seed)
    count = len(sums)
    weights = generator.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    resampled = np.tensordot(weights, sums, axes=1)
    bounds = {name: np.percentile(values, LEVEL) for name, values in metrics(resampled).items()}
    return {name: [float(low), float(high)] for name, (low, high) in bounds.items()}
