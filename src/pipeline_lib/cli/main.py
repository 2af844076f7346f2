"""`vlmflow`: check a study, score answers, export checkpoints, show scores and their lineage."""

import gc
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from pipeline_lib.cli.commands import Commands
from pipeline_lib.core.errors import PipelineError

COLLECT = 100_000  # new objects: thousands of records live until the end, and Python would search them for cycles


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


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False)
app.callback(help=__doc__)(options)


def main() -> None:
    """Run the command; print a PipelineError or OSError without traceback and exit with code 1."""
    gc.set_threshold(COLLECT)
    try:
        app()
    except PipelineError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        where = f"\n  where: {error.filename}" if error.filename else ""
        typer.echo(f"error: {error.strerror or error}{where}", err=True)
        sys.exit(1)
