"""Intervals: the 95 % percentile bootstrap over clusters, vectorised."""

from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
LEVEL = (2.5, 97.5)  # percentiles

Metrics = Callable[[NDArray[np.float64]], dict[str, Any]]


def cluster_sums(tallies: NDArray[np.float64], clusters: list[str]) -> NDArray[np.float64]:
    """Return tallies summed within each cluster, [clusters, …], in the order of the cluster's name."""
    names, indices = np.unique(np.array(clusters), return_inverse=True)
    sums = np.zeros((len(names), *tallies.shape[1:]))
    np.add.at(sums, indices, tallies)
    return sums


def intervals(sums: NDArray[np.float64], metrics: Metrics, seed: int) -> dict[str, list[float] | None]:
    """Return [low, high] of every metric over RESAMPLES draws of whole clusters with replacement.

    Draws in which a metric is undefined are left out; a metric undefined in all draws is None.
    """
    count = len(sums)
    if count == 0:
        return dict.fromkeys(metrics(sums.sum(axis=0)))
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    resampled = np.tensordot(weights, sums, axes=1)
    return {name: _bounds(values) for name, values in metrics(resampled).items()}


def _bounds(values: NDArray[np.float64]) -> list[float] | None:
    defined = values[~np.isnan(values)]
    return [float(bound) for bound in np.percentile(defined, LEVEL)] if defined.size else None
