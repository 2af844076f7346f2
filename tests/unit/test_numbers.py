"""How tests compare floats: by a share of the largest number expected."""

import math

import numpy as np
import pytest

from tests.numbers import assert_close, distance


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_a_difference_counts_by_the_scale_of_what_is_expected(scale: float) -> None:
    expected = scale * np.array([1.0, -2.0, 0.0])
    assert_close(expected + 1e-6 * scale, expected, 1e-6)
    with pytest.raises(AssertionError, match="of the largest number expected, 1e-06 allowed"):
        assert_close(expected + 3e-6 * scale, expected, 1e-6)


def test_tensors_of_a_model_share_one_scale() -> None:
    expected = {"weight": np.array([4.0]), "bias": np.array([0.0])}
    assert distance({"weight": np.array([4.0]), "bias": np.array([0.5])}, expected) == 1 / 8
    with pytest.raises(AssertionError):
        distance({"weight": np.array([4.0])}, expected)


def test_nothing_but_zero_is_close_to_zero_and_nothing_is_close_to_no_number() -> None:
    assert (distance(0.0, 0.0), distance(1e-30, 0.0)) == (0.0, math.inf)
    with pytest.raises(AssertionError):
        assert_close(math.nan, 1.0, 1.0)


def test_shapes_are_compared_first() -> None:
    with pytest.raises(AssertionError):
        distance(np.ones(2), np.ones((2, 1)))
