"""Floats compared with what is expected of them, by a share of the largest number expected: no bound is absolute."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def distance(actual: Any, expected: Any, scale: float | None = None) -> float:
    """Return the largest difference, as a share of `scale`: of the largest expected size, where none is given.

    Both are numbers, arrays or tensors of one shape, or dictionaries of such with the same keys, which share one scale.
    """
    pairs = _pairs(actual, expected)
    if scale is None:
        scale = max(float(np.abs(right).max(initial=0)) for _, right in pairs)
    difference = max(float(np.abs(left - right).max(initial=0)) for left, right in pairs)
    if difference == 0:
        return 0.0
    return difference / scale if scale else float("inf")


def assert_close(actual: Any, expected: Any, relative: float) -> None:
    """Assert that two numbers, arrays or dictionaries of arrays differ by at most a share of the largest expected size."""
    difference = distance(actual, expected)
    assert difference <= relative, f"{difference:.3g} of the largest number expected, {relative:g} allowed"


def _pairs(actual: Any, expected: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    if isinstance(expected, Mapping):
        assert actual.keys() == expected.keys()
        return [pair for name in expected for pair in _pairs(actual[name], expected[name])]
    left, right = _float(actual), _float(expected)
    assert left.shape == right.shape
    return [(left, right)]


def _float(value: Any) -> np.ndarray:
    if hasattr(value, "detach"):
        value = value.detach().double().numpy()
    return np.asarray(value, dtype=np.float64)
