"""What a person reads of marked scores when a study is finished or shown."""

from pathlib import Path
from typing import Any, Iterable, Mapping

from pipeline_lib.core.text import read_json

NO_NUMBER = "\u2013"  # stands for a metric over nothing


def marked_runs(benchmark: str, score: Mapping[str, Any]) -> list[str]:
    """Return a line for every mark of a gathered score, with its reason; `benchmark` is its name in the study."""
    return [
        f"{benchmark} of {run} is marked {name}: {reason}"
        for run, scored in score["runs"].items()
        for name, reason in scored.get("marks", {}).items()
    ]


def success_text(results: str, command: str, benchmarks: Iterable[str]) -> str:
    """Return the message about a finished study, with the marks of those of its scores that lie in `results`."""
    files = {name: Path(results) / f"{name}_score.json" for name in benchmarks}
    marks = [line for name, path in files.items() if path.is_file() for line in marked_runs(name, read_json(path))]
    notice = ["Some of these scores are marked:", *(f"  {line}" for line in marks)] if marks else []
    return "\n".join([f"All scores of this study lie below {results}/; `{command}` prints them.", *notice])
