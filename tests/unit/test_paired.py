"""Two runs on the same questions: exact tests equal scipy's, and pairing makes a difference more certain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from pipeline_lib.benchmarks.families.counting import Accuracy
from pipeline_lib.scoring.bootstrap import intervals
from pipeline_lib.scoring.paired import (
    Difference,
    holm,
    mcnemar,
    metric_draws,
    paired_difference,
    questions_needed,
)
from tests.numbers import assert_close

COUNTS = st.integers(0, 400)


def share(counts: np.ndarray) -> dict[str, np.ndarray]:
    return Accuracy("share").metrics(counts[..., None, :], [""])


def sums(right: list[int]) -> np.ndarray:
    """Return the tallies of questions, each a cluster: [counted, right]."""
    return np.array([[1.0, each] for each in right])


def draws(right: list[int], seed: int = 0) -> np.ndarray:
    return metric_draws(sums(right), share, "share", seed)


@given(COUNTS, COUNTS)
def test_mcnemars_test_is_the_exact_binomial_one(first_only: int, second_only: int) -> None:
    expected = binomtest(first_only, first_only + second_only).pvalue if first_only + second_only else 1.0
    assert_close(mcnemar(first_only, second_only), expected, 1e-9)


def test_mcnemars_test_of_one_against_nine_is_known_by_hand() -> None:
    assert_close(mcnemar(1, 9), 2 * (1 + 10) / 2**10, 1e-12)


def test_holm_multiplies_the_smallest_by_all_and_never_falls() -> None:
    assert np.allclose(holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])
    assert holm([]) == [] and holm([0.9, 0.8]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), max_size=6))
def test_holm_lowers_no_p_value_and_keeps_their_order(values: list[float]) -> None:
    adjusted = holm(values)
    assert all(high >= low for low, high in zip(values, adjusted, strict=True))
    ranked = [each for _, each in sorted(zip(values, adjusted, strict=True))]
    assert ranked == sorted(ranked)


def test_the_draws_are_those_of_a_scores_interval() -> None:
    right = [1, 0, 1, 1, 0, 1, 0, 1]
    low, high = np.percentile(draws(right, 7), (2.5, 97.5))
    assert intervals(sums(right), share, 7) == {"share": [low, high]}


def test_a_run_equals_itself_whatever_its_own_interval() -> None:
    right = [1, 0] * 50
    assert paired_difference(0.5, 0.5, draws(right), draws(right)) == Difference(0.0, 0.0, 0.0, 0.0)


def test_a_difference_on_few_questions_shows_although_both_intervals_overlap() -> None:
    first, second = [1, 0] * 50, [1, 0] * 46 + [0, 0] * 4
    alone = [np.percentile(draws(each), (2.5, 97.5)) for each in (first, second)]
    assert alone[1][1] > alone[0][0], "the intervals of the two scores overlap"
    difference = paired_difference(0.5, 0.46, draws(first), draws(second))
    assert difference is not None and difference.is_shown and difference.low > 0


def test_an_undefined_metric_has_no_difference() -> None:
    assert paired_difference(float("nan"), 0.5, draws([1]), draws([1])) is None
    assert paired_difference(0.5, 0.5, np.array([np.nan]), np.array([0.5])) is None


@pytest.mark.parametrize("times", [2, 10])
def test_a_smaller_difference_needs_more_questions_by_its_square(times: int) -> None:
    few = questions_needed(Difference(0.1, -0.1, 0.3, 0.1), 1000)
    many = questions_needed(Difference(0.1 / times, -0.1, 0.3, 0.1), 1000)
    assert few is not None and many is not None
    assert abs(many - few * times**2) <= times**2, "rounded up"


def test_no_number_of_questions_tells_equal_runs_apart() -> None:
    assert questions_needed(Difference(0.0, -0.1, 0.1, 0.05), 1000) is None
    assert questions_needed(Difference(1e-9, -0.1, 0.1, 0.05), 1000) is None
