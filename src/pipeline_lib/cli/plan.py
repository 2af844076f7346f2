"""`vlmflow plan`: estimate the cost of the stages still to run."""

import sys
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from pipeline_lib.cli.options import StudyOption
from pipeline_lib.config.load import DEFAULT, load_study, results_folder, study_path
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.workflow.plan import plan as planned

WIDE = 200  # columns where no terminal wraps the lines
COLUMNS = ("stage", "jobs", "hours", "GPU-hours", "disk", "memory", "downloads")
LEFT = ("stage", "training", "recipe", "processes")
NOTES = """\
hours: from the rate of an earlier training of equal recipe, size and device, else from the job's last run
memory: for one process of a training, from its shapes; for other stages, what their rule requests
a process, a node: the most on a GPU, or in main memory without one; in a node's main memory, without Python's libraries
activations: of rows as long as the recipe takes, until inspect_rows has counted the real ones; all tokens trained
downloads: from studies/pins.lock"""


def plan(
    study: StudyOption = DEFAULT,
) -> None:
    """Print the estimated cost of every stage still to run: hours from records, disk, memory, downloads, or unknown."""
    from pipeline_lib.cost.cost import total  # slow imports, which other commands do not need
    from pipeline_lib.cost.memory import COLUMNS as OF_MEMORY
    from pipeline_lib.cost.memory import memory_of
    from pipeline_lib.cost.stages import costs

    tree = load_study(study_path(study))
    records = [MadeRecord.read(path) for path in Path("results").rglob("records/train/*.json") if path.stat().st_size]
    results, jobs = results_folder(study, tree), planned(study)
    estimates = costs(tree, results, jobs, records)
    if not estimates:
        typer.echo("Nothing would run.")
        return
    console = Console(width=None if sys.stdout.isatty() else WIDE)
    console.print(_table(tree.title, COLUMNS, [cost.cells() for cost in estimates], total(estimates)))
    trainings = [job.wildcards["training"] for job in jobs if job.rule == "train" and job.runs]
    memory = [memory_of(tree, name, results) for name in trainings]
    rows = [each.cells() for each in memory if each is not None]
    if rows:
        console.print(_table("Memory of the trainings", OF_MEMORY, rows))
    typer.echo(NOTES)


def _table(title: str, columns: Sequence[str], rows: list[list[str]], last: list[str] | None = None) -> Table:
    table = Table(title=title)
    for column in columns:
        table.add_column(column, justify="left" if column in LEFT else "right")
    for row in rows:
        table.add_row(*row)
    if last is not None:
        table.add_section()
        table.add_row(*last)
    return table
