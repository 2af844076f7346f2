"""The section of differences: is one run better than another, and on which questions do they differ?"""

from itertools import groupby
from pathlib import Path
from typing import Any

from pipeline_lib.benchmarks.base import Verdict
from pipeline_lib.report.facts import BenchmarkFacts, Facts, Pair
from pipeline_lib.report.texts import NO_NUMBER, number, signed
from pipeline_lib.scoring.paired import questions_needed

DATA_FILES = ("differences.html",)
TEMPLATE = Path(__file__).parent / "differences.html"
TITLE = "Is the difference real?"
ORDER = 20
LISTED = 6  # flipped answers of a pair on a benchmark
LONGEST = 300  # characters of a prompt or an answer
SMALLEST_P = 0.0001


def wanted(facts: Facts) -> bool:
    """Return whether there are two runs to compare."""
    return bool(facts.pairs)


def context(facts: Facts) -> dict[str, Any]:
    """Return the comparisons by pair of runs, each with a row and the flipped answers of every benchmark."""
    benchmarks = {each.name: each for each in facts.benchmarks}
    pairs = sorted(facts.pairs, key=lambda pair: (facts.runs.index(pair.first), facts.runs.index(pair.second)))
    grouped = groupby(pairs, key=lambda pair: (pair.first, pair.second))
    return {
        "comparisons": [
            {"first": first, "second": second, "rows": [_row(facts, benchmarks[pair.benchmark], pair) for pair in each]}
            for (first, second), each in grouped
        ],
    }


def sentence(pair: Pair, times: int, unit: str) -> str:
    """Return what the comparison says, in words; a metric in points is `times` 100."""
    difference = pair.difference
    if difference is None:
        return f"{pair.metric} of {pair.first} and {pair.second} cannot be compared on {pair.benchmark}."
    low, high = sorted((abs(difference.low), abs(difference.high)))
    if difference.is_shown:
        better, worse = (pair.first, pair.second) if difference.value > 0 else (pair.second, pair.first)
        size = f"{abs(difference.value) * times:.1f}{unit}"
        bounds = f"{low * times:.1f} to {high * times:.1f}"
        return f"{better} is {size} above {worse} on {pair.benchmark} ({pair.metric}, 95 % interval {bounds})."
    bounds = f"{signed(difference.low * times)} and {signed(difference.high * times)}"
    text = f"No difference is shown on {pair.benchmark}: {pair.first} minus {pair.second} is between {bounds}{unit} "
    text += f"({pair.metric}, 95 % interval)"
    needed = questions_needed(difference, pair.units)
    if needed is None:
        return f"{text}."
    return f"{text}; about {needed:,} questions would tell {signed(difference.value * times)}{unit} from zero."


def loss_within(pair: Pair, margin: float) -> str | None:
    """Return the sentence that the lower run loses less than a margin, None where the interval does not show it.

    The metric is a share. The bound is that of the two-sided 95 % interval, a test of non-inferiority at 2.5 %.
    """
    difference = pair.difference
    if difference is None:
        return None
    better, worse, loss = pair.first, pair.second, difference.high
    if difference.value < 0:
        better, worse, loss = pair.second, pair.first, -difference.low
    return f"{worse} is not worse than {better} by the margin of {margin * 100:g} points." if loss < margin else None


def _row(study: Facts, facts: BenchmarkFacts, pair: Pair) -> dict[str, Any]:
    times, unit = _scale(facts, pair)
    within = loss_within(pair, study.margin) if study.margin and unit else None
    difference = pair.difference
    bounds = [difference.low, difference.high] if difference else None
    return {
        "pair": pair,
        "sentence": " ".join([sentence(pair, times, unit), *([within] if within else []), *_warnings(facts, pair)]),
        "difference": NO_NUMBER if difference is None else signed(difference.value, 3),
        "interval": f"[{signed(bounds[0], 3)}, {signed(bounds[1], 3)}]" if bounds else "",
        "is_shown": bool(difference and difference.is_shown),
        "p": _p(pair.p),
        "adjusted": _p(pair.adjusted),
        "flipped": _flipped(facts, pair),
    }


def _warnings(facts: BenchmarkFacts, pair: Pair) -> list[str]:
    """Return a sentence for every marked score, whose number may say something else than it seems to."""
    marks = {run: [*facts.scores[run]["marks"]] for run in (pair.first, pair.second)}
    return [f"{run} is marked {', '.join(names)}." for run, names in marks.items() if names]


def _scale(facts: BenchmarkFacts, pair: Pair) -> tuple[int, str]:
    """Return by what a difference is multiplied and its unit: a share is in points of a per cent."""
    values = [facts.scores[run]["metrics"].get(pair.metric) or 0.0 for run in (pair.first, pair.second)]
    return (100, " points") if all(0 <= value <= 1 for value in values) else (1, "")


def _p(value: float | None) -> str:
    if value is None:
        return NO_NUMBER
    return f"< {SMALLEST_P}" if value < SMALLEST_P else number(value, 4)


def _flipped(facts: BenchmarkFacts, pair: Pair) -> list[dict[str, Any]]:
    """Return the first questions whose grades differ, those that only the second run has right and the others mixed."""
    sides = [{each.question.id: each for each in facts.verdicts[run]} for run in (pair.first, pair.second)]
    up = [name for name in pair.flipped if sides[1][name].grade.value > sides[0][name].grade.value]
    down = [name for name in pair.flipped if sides[1][name].grade.value < sides[0][name].grade.value]
    chosen = [*up[: LISTED // 2], *down[: LISTED // 2]]
    return [_flip(facts, pair, sides[0][name], sides[1][name]) for name in chosen]


def _flip(facts: BenchmarkFacts, pair: Pair, first: Verdict, second: Verdict) -> dict[str, Any]:
    name = first.question.id
    return {
        "id": name,
        "prompt": _cut(facts.prompts[pair.first].get(name, "")),
        "gold": _cut(str(first.gold)),
        "first": {"answer": _cut(first.answer or ""), "grade": first.grade.value},
        "second": {"answer": _cut(second.answer or ""), "grade": second.grade.value},
    }


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\N{HORIZONTAL ELLIPSIS}"
