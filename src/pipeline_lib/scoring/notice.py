"""The messages about marked scores when a study is finished or shown."""

from pathlib import Path
from typing import Iterable, Mapping

from pipeline_lib.scoring.shown import ShownScore, read_gathered

NO_NUMBER = "\u2013"  # shown for an undefined metric


def marked_runs(benchmark: str, runs: Mapping[str, ShownScore]) -> list[str]:
    """Return a line for every mark of a benchmark's scores, with its reason; `benchmark` is its name in the study."""
    return [
        f"{benchmark} of {run} is marked {name}: {reason}"
        for run, score in runs.items()
        for name, reason in score.marks.items()
    ]


def success_text(results: str, command: str, benchmarks: Iterable[str]) -> str:
    """Return the message about a finished study, with the marks of its scores in `results`."""
    gathered = {name: read_gathered(Path(results) / f"{name}_score.json") for name in benchmarks}
    marks = [line for name, scores in gathered.items() for line in marked_runs(name, scores)]
    notice = ["Some of these scores are marked:", *(f"  {line}" for line in marks)] if marks else []
    return "\n".join([f"All scores of this study are in {results}/; `{command}` prints them.", *notice])
