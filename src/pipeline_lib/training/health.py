"""Marks of a training whose curve is not that of one that learns: a sentence each, with its figures.

They are no errors: the loss of a model that knows its rows from the start does not fall, and the user decides.
"""

from itertools import pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Iterable, Sequence

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.training.curve import Step, read_curve

FEWEST = 20  # steps: fewer say nothing about a trend
WINDOWS = 10  # parts of a curve with a mean each
EXPLODED = 2.0  # times the lowest mean, at the end
RISE = 0.1  # of the fall before: a smaller rise, such as from 1e-8 to 1e-6, is noise
SPIKE = 100.0  # times the median of the gradient's norms


def curve_marks(steps: Sequence[Step]) -> dict[str, str]:
    """Return the reason of every mark by its name; none for fewer than FEWEST steps."""
    if len(steps) < FEWEST:
        return {}
    reasons = {"not_falling": _not_falling(steps), "exploding": _exploding(steps), **_of_gradients(steps)}
    return {name: reason for name, reason in reasons.items() if reason}


def marked_trainings(results: Path, trainings: Iterable[str]) -> list[str]:
    """Return a line for every mark of these trainings' curves in a folder of results; without a curve, none.

    A damaged curve has a line too: scores are shown all the same.
    """
    curves = {name: results / "checkpoints" / f"{name}.curve.csv" for name in trainings}
    return [line for name, curve in curves.items() if curve.is_file() for line in _lines(name, curve)]


def _lines(name: str, curve: Path) -> list[str]:
    try:
        marks = curve_marks(read_curve(curve))
    except PipelineError as error:
        return [f"training {name} has no readable curve: {error}"]
    return [f"training {name} is marked {mark}: {reason}" for mark, reason in marks.items()]


def _means(steps: Sequence[Step]) -> list[float]:
    """Return the mean loss of each tenth of the steps."""
    bounds = [len(steps) * part // WINDOWS for part in range(WINDOWS + 1)]
    return [fmean(step.loss for step in steps[start:end]) for start, end in pairwise(bounds)]


def _not_falling(steps: Sequence[Step]) -> str:
    first, *others = _means(steps)
    lowest = min(others)
    return "" if lowest < first else f"no tenth of its steps has a lower mean loss than the first: {first:.4g}"


def _exploding(steps: Sequence[Step]) -> str:
    means = _means(steps)
    last, lowest = means[-1], min(means)
    exploded = last > EXPLODED * lowest and last - lowest > RISE * (means[0] - lowest)
    return f"its mean loss rose from {lowest:.4g} to {last:.4g} at the end" if exploded else ""


def _of_gradients(steps: Sequence[Step]) -> dict[str, str]:
    norms = [step.gradient_norm for step in steps]
    if not any(norms):
        return {"no_gradient": f"the norm of the gradient is 0 in all {len(steps)} steps"}
    usual, largest = median(norms), max(norms)
    if largest <= SPIKE * usual:
        return {}
    step = steps[norms.index(largest)].step
    return {"gradient_spike": f"the norm of the gradient is {largest:.4g} in step {step}, its median {usual:.4g}"}
