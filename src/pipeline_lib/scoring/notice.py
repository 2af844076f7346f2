"""The messages about marked scores when a study is finished or shown."""

from pathlib import Path
from typing import Iterable, Mapping, Sequence

from pipeline_lib.scoring.shown import Scope, ShownScore, read_gathered

NO_NUMBER = "\u2013"  # shown for an undefined metric


def marked_runs(benchmark: str, runs: Mapping[str, ShownScore]) -> list[str]:
    """Return a line for every mark of a benchmark's scores, with its reason; `benchmark` is its name in the study."""
    return [
        f"{benchmark} of {run} is marked {name}: {reason}"
        for run, score in runs.items()
        for name, reason in score.marks.items()
    ]


def not_computed(unavailable: Mapping[str, str]) -> list[str]:
    """Return a line for every metric that a score lacks on its machine, with the reason."""
    return [f"{name} is not computed: {reason}" for name, reason in unavailable.items()]


def scopes(benchmark: str, runs: Mapping[str, ShownScore], names: Sequence[str]) -> list[str]:
    """Return a line for every score over only some questions: their share, and the bounds of the metrics in `names`."""
    return [
        f"{benchmark} of {run} is PARTIAL, {scope_text(score.scope, score.bounds or {}, names)}"
        for run, score in runs.items()
        if score.scope is not None
    ]


def scope_text(scope: Scope, bounds: Mapping[str, tuple[float, float] | None], names: Sequence[str]) -> str:
    """Return which questions were asked, how many of all are scored, and the bounds that the others leave."""
    text = f"{scope.asked}: {scope.answered:,} of {scope.of:,} questions scored ({scope.coverage:.1%})"
    known = {name: pair for name in names if (pair := bounds.get(name)) is not None}
    ranges = [f"{name} {low:.3f} to {high:.3f}" for name, (low, high) in known.items()]
    return text + (f"; over all: {', '.join(ranges)}" if ranges else "")


def success_text(
    results: str, command: str, benchmarks: Iterable[str], trainings: Sequence[str], smoke: bool = False
) -> str:
    """Return the message about a finished study, with the marks of its trainings, a line each, and of its scores.

    Of a smoke run, whose models are random, the marks are only counted.
    """
    gathered = {name: read_gathered(Path(results) / f"{name}_score.json") for name in benchmarks}
    marks = [line for name, scores in gathered.items() for line in marked_runs(name, scores)]
    notice = ["Some of these scores are marked:", *(f"  {line}" for line in marks)] if marks else []
    if smoke and marks:
        notice = [f"They have {len(marks)} marks, as expected of random models; the command lists them."]
    return "\n".join([f"All scores of this study are in {results}/; `{command}` prints them.", *trainings, *notice])
