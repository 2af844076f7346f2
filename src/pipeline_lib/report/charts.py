"""The geometry of small charts: axes with round numbers, intervals in rows, curves; templates draw them as SVG."""

import math
from dataclasses import dataclass
from typing import Sequence

WIDTH, ROW, AXIS = 420, 24, 24  # pixels
NAMES = 130  # pixels for the names of rows
MARGIN = 18
TICKS = 5  # about as many


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
