"""`vlmflow plan`: estimate the cost of the stages still to run."""

import sys
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


def plan(
    study: StudyOption = DEFAULT,
) -> None:
    """Print the estimated cost of every stage still to run: hours from records, disk, memory, downloads, or unknown."""
    from pipeline_lib.cost.cost import total  # slow imports, which other commands do not need
    from pipeline_lib.cost.stages import costs

    tree = load_study(study_path(study))
    records = [MadeRecord.read(path) for path in Path("results").rglob("records/train/*.json") if path.stat().st_size]
    estimates = costs(tree, results_folder(study, tree), planned(study), records)
    if not estimates:
        typer.echo("Nothing would run.")
        return
    table = Table(title=tree.title)
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "stage" else "right")
    for cost in estimates:
        table.add_row(*cost.cells())
    table.add_section()
    table.add_row(*total(estimates))
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)
    typer.echo(
        "hours: from the rate of an earlier training of equal recipe, size and device, else from the job's last run\n"
        "memory: for one process of a training, from its shapes; for other stages, what their rule requests\n"
        "downloads: from studies/pins.lock"
    )
