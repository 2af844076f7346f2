"""Marks of trainings: a curve that learns has none, and each kind of one that does not has its own."""

from math import exp
from pathlib import Path

import pytest

from pipeline_lib.training.curve import Step, write_curve
from pipeline_lib.training.health import FEWEST, curve_marks, marked_trainings

LEARNS = [2 * exp(-number / 30) + 0.1 for number in range(60)]


def curve(losses: list[float], norms: list[float] | None = None) -> list[Step]:
    norms = norms or [1.0] * len(losses)
    return [Step(number + 1, loss, 1e-3, norm) for number, (loss, norm) in enumerate(zip(losses, norms, strict=True))]


def test_a_training_that_learns_has_no_mark() -> None:
    noise = [loss + (0.3 if number % 7 == 0 else -0.05) for number, loss in enumerate(LEARNS)]
    assert curve_marks(curve(LEARNS)) == {} == curve_marks(curve(noise))
    assert curve_marks(curve(LEARNS, [5.0 + number % 9 for number in range(60)])) == {}


@pytest.mark.parametrize(
    ("losses", "norms", "mark"),
    [
        ([2.0 + number / 100 for number in range(60)], None, "not_falling"),
        ([1.5] * 60, None, "not_falling"),
        ([*LEARNS[:50], *[9.0] * 10], None, "exploding"),
        (LEARNS, [0.0] * 60, "no_gradient"),
        (LEARNS, [1.0] * 59 + [500.0], "gradient_spike"),
    ],
)
def test_a_curve_that_does_not_learn_is_marked(losses: list[float], norms: list[float] | None, mark: str) -> None:
    assert list(curve_marks(curve(losses, norms))) == [mark]


@pytest.mark.parametrize("end", [[0.0] * 9 + [1e-6] * 6, [0.02] * 9 + [0.05] * 6])
def test_a_small_rise_behind_a_large_fall_is_no_explosion(end: list[float]) -> None:
    assert curve_marks(curve([*LEARNS[:45], *end])) == {}


def test_few_steps_say_nothing() -> None:
    assert curve_marks(curve([2.0] * (FEWEST - 1))) == {} and curve_marks([]) == {}


@pytest.mark.parametrize(
    "damage", ["", "step,loss,learning_rate,gradient_norm\n1,2.0", "\0\n1,2,3,4\n", "a\n1,2,3,x\n"]
)
def test_a_damaged_curve_is_named_beside_the_marks_of_the_others(tmp_path: Path, damage: str) -> None:
    (tmp_path / "checkpoints").mkdir()
    write_curve(tmp_path / "checkpoints/full.curve.csv", curve([2.0] * 40))
    (tmp_path / "checkpoints/half.curve.csv").write_text(damage)
    half, full = marked_trainings(tmp_path, ["half", "full"])
    assert "training half has no readable curve" in half and "half.curve.csv" in half
    assert "training full is marked not_falling" in full


def test_marks_are_named_by_training_and_a_training_that_is_not_made_has_none(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    write_curve(tmp_path / "checkpoints/full.curve.csv", curve([2.0] * 40))
    write_curve(tmp_path / "checkpoints/half.curve.csv", curve(LEARNS))
    assert marked_trainings(tmp_path, ["full", "half", "absent"]) == [
        "training full is marked not_falling: no tenth of its steps has a lower mean loss than the first: 2"
    ]
