"""`vlmflow`: check a study, score answers, export checkpoints, show scores and their lineage."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from pipeline_lib.cli import (
    accept,
    check,
    clean,
    config,
    doctor,
    dvc,
    export,
    forecast,
    lineage,
    score,
    show,
    train,
    why,
)
from pipeline_lib.cli.former import FormerlyPositional
from pipeline_lib.core.errors import PipelineError


def show_version(wanted: bool) -> None:
    """Print the installed version and exit."""
    if wanted:
        typer.echo(f"vlmflow {version('vlmflow')}")
        raise typer.Exit


def options(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="print the version and exit")
    ] = False,
) -> None:
    """Define the options before a command."""


app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False)
app.callback(help=__doc__)(options)
app.add_typer(config.app, name="config")
app.add_typer(lineage.app, name="lineage")
app.add_typer(dvc.app, name="dvc")
app.add_typer(train.app, name="train")
app.command(name="score")(score.score)
app.command(name="plan", cls=FormerlyPositional)(forecast.plan)
app.command(name="export")(export.export)
app.command(name="show", cls=FormerlyPositional)(show.show)
app.command(name="why")(why.why)
app.command(name="check")(check.check)
app.command(name="accept")(accept.accept)
app.command(name="doctor")(doctor.doctor)
app.command(name="clean")(clean.clean)


def main() -> None:
    """Run the command; print a PipelineError or OSError without traceback and exit with code 1."""
    try:
        app()
    except PipelineError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        where = f"\n  where: {error.filename}" if error.filename else ""
        typer.echo(f"error: {error.strerror or error}{where}", err=True)
        sys.exit(1)
