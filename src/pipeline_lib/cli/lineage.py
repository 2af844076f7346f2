"""`vlmflow lineage`: from a number to the bytes, code, settings and machine that made it."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline_lib.cli.accept import accept
from pipeline_lib.cli.check import check
from pipeline_lib.cli.options import OneStudyOption, StudyOption
from pipeline_lib.cli.why import why
from pipeline_lib.config.load import DEFAULT, made_studies
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.lineage.published import publish as publish_study
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.status import standing
from pipeline_lib.lineage.tree import render
from pipeline_lib.workflow.plan import plan

WIDE = 10_000  # columns where no terminal wraps the lines

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.callback()
def _group() -> None:
    """From a number to what made it."""


app.command(name="check")(check)
app.command(name="why")(why)
app.command(name="accept")(accept)


@app.command()
def publish(
    path: Annotated[Path, typer.Argument(help="the file of digests to write")],
    study: StudyOption = DEFAULT,
) -> None:
    """Write the digests of a study's artefacts; `check --against` compares another project with them."""
    published = publish_study(study, plan(study))
    write_text(path, published.model_dump_json(indent=1) + "\n")
    typer.echo(f"{sum(len(stage.files) for stage in published.stages.values())} artefacts")


@app.command()
def show(
    path: Annotated[Path, typer.Argument(help="a score, a manifest, or any other file that a stage made")],
    all_files: Annotated[bool, typer.Option("--all", help="list all raw files, not only the first few")] = False,
    study: OneStudyOption = None,
) -> None:
    """Print the tree from a file to raw image digests, settings, code, versions and machines."""
    console = Console(width=None if sys.stdout.isatty() else WIDE)
    records = Records(Path())
    console.print(render(records, path, all_files))
    output = records.made(path).path
    lines = [line for name in ([study] if study else made_studies()) for line in _standing(name, output)]
    console.print("\n".join(lines) or "no study makes it now, so its status is unknown", markup=False)


def _standing(study: str, output: str) -> list[str]:
    """Return a line with the status of an output in a study, no line if the study does not make it."""
    try:
        jobs = plan(study)
    except PipelineError as error:
        return [f"study {study}: {error}"]
    if not any(output in job.outputs.values() for job in jobs):
        return []
    status, cause = standing(output, jobs)
    return [f"study {study}: {status}" + (f": {cause}" if cause else "")]
