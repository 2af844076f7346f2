"""`vlmflow lineage impact`: what a file, an image or a row reaches, and what to make again without it."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.cli.options import JsonOption
from pipeline_lib.core.text import pretty_json
from pipeline_lib.lineage.impact import Impact, Reached, impact_of
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.subject import EXAMPLES, find_subject

LISTED = 12  # of each kind
STAGES = {
    "tabulate": "tables",
    "sample": "subsets",
    "train": "checkpoints",
    "merge": "merged models",
    "predict": "answers",
}


def impact(subject: Annotated[str, typer.Argument(help=EXAMPLES)], json: JsonOption = False) -> None:
    """List tables, subsets, checkpoints and numbers that stand on something, and the jobs to run again without it."""
    records = Records(Path())
    reached = impact_of(records, find_subject(records, subject))
    if json:
        typer.echo(pretty_json(asdict(reached)), nl=False)
        return
    for line in _lines(reached):
        typer.echo(line)


def _lines(reached: Impact) -> list[str]:
    lines = [f"{title}:{_some(list(map(_name, reached.of_stage(stage))))}" for stage, title in STAGES.items()]
    numbers = [f"{each.score} ({each.metric} {each.value})" for each in reached.numbers]
    counts = Counter(job.split()[0] for job in reached.jobs)
    again = f"{len(reached.jobs)} jobs, {reached.seconds:.0f} s by their records"
    stages = ", ".join(f"{count} {stage}" for stage, count in counts.items())
    return [*lines, f"numbers:{_some(numbers)}", f"to make again without it: {again}: {stages}"]


def _some(names: list[str]) -> str:
    """Return the first names, each on its own line."""
    more = [f"and {len(names) - LISTED} more: --json lists all"] if len(names) > LISTED else []
    return "".join(f"\n  {name}" for name in [*names[:LISTED], *more]) or " none"


def _name(each: Reached) -> str:
    if each.rows:
        return f"{each.artefact} ({each.rows} row{'s' * (each.rows > 1)})"
    return f"{each.artefact} by {', '.join(each.by)}" if each.by else each.artefact
