"""The geometry of small charts: axes with round numbers, intervals in rows, curves; templates draw them as SVG."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Sequence

WIDTH, ROW, AXIS = 420, 24, 24  # pixels
NAMES = 130  # pixels for the names of rows
MARGIN = 18
TICKS = 5  # about as many
HEIGHT, LEFT = 200, 44  # pixels of a curve, and of the numbers beside it
POINTS = 300  # of a curve: more are not seen
SMOOTHED = 30  # means along a curve


@dataclass(frozen=True)
class Tick:
    """A number on an axis and its position."""

    at: float
    text: str


@dataclass(frozen=True)
class IntervalRow:
    """A value and the bounds of its interval as positions; without an interval, the bounds are None."""

    name: str
    at: float
    low: float | None
    high: float | None
    y: float
    text: str


@dataclass(frozen=True)
class IntervalChart:
    """Rows of values on one axis."""

    width: int
    height: int
    bottom: int
    ticks: list[Tick]
    rows: list[IntervalRow]


@dataclass(frozen=True)
class CurveChart:
    """Curves over steps: points as SVG writes them, thin ones first."""

    width: int
    height: int
    left: int
    bottom: int
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    thin: str
    thick: str


def round_numbers(low: float, high: float, about: int = TICKS) -> list[float]:
    """Return about so many numbers of one, two or five times a power of ten, from at most `low` to at least `high`."""
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / about))
    step = next(power * times for times in (1, 2, 5, 10) if span / (power * times) <= about)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, max(last, first + 1) + 1)]


def short(value: float) -> str:
    """Return a number as an axis prints it."""
    return f"{value:g}"


def interval_chart(rows: Sequence[tuple[str, float, Sequence[float] | None, str]]) -> IntervalChart:
    """Return the chart of rows: name, value, bounds or None, and a text."""
    values = [number for _, value, bounds, _ in rows for number in (value, *(bounds or ()))]
    ticks = round_numbers(min(values), max(values))
    left, right = NAMES, WIDTH - MARGIN

    def at(value: float) -> float:
        return round(left + (value - ticks[0]) / (ticks[-1] - ticks[0]) * (right - left), 1)

    placed = [
        IntervalRow(
            name,
            at(value),
            at(bounds[0]) if bounds else None,
            at(bounds[1]) if bounds else None,
            ROW * (index + 0.5),
            text,
        )
        for index, (name, value, bounds, text) in enumerate(rows)
    ]
    bottom = ROW * len(rows)
    return IntervalChart(WIDTH, bottom + AXIS, bottom, [Tick(at(tick), short(tick)) for tick in ticks], placed)


def curve_chart(values: Sequence[float]) -> CurveChart:
    """Return the chart of the finite values of steps 1, 2, …: thin as they are, thick as means of equal parts."""
    steps = [(step, value) for step, value in enumerate(values, 1) if math.isfinite(value)]
    x_ticks = round_numbers(0, len(values))
    y_ticks = round_numbers(min(0.0, *(value for _, value in steps)), max(value for _, value in steps))
    bottom = HEIGHT - AXIS

    def x_at(step: float) -> float:
        return round(LEFT + (step - x_ticks[0]) / (x_ticks[-1] - x_ticks[0]) * (WIDTH - MARGIN - LEFT), 1)

    def y_at(value: float) -> float:
        return round(bottom - (value - y_ticks[0]) / (y_ticks[-1] - y_ticks[0]) * (bottom - MARGIN), 1)

    def points(parts: int) -> str:
        return " ".join(f"{x_at(step)},{y_at(value)}" for step, value in means(steps, parts))

    return CurveChart(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        bottom=bottom,
        x_ticks=[Tick(x_at(tick), short(tick)) for tick in x_ticks],
        y_ticks=[Tick(y_at(tick), short(tick)) for tick in y_ticks],
        thin=points(POINTS),
        thick=points(SMOOTHED),
    )


def means(steps: Sequence[tuple[float, float]], parts: int) -> list[tuple[float, float]]:
    """Return the mean step and value of equal parts, or all steps if they are fewer than the parts."""
    if len(steps) <= parts:
        return list(steps)
    bounds = [len(steps) * part // parts for part in range(parts + 1)]
    return [
        (sum(step for step, _ in part) / len(part), sum(value for _, value in part) / len(part))
        for part in (steps[start:end] for start, end in pairwise(bounds))
    ]
