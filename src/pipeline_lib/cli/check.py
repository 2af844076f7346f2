"""`vlmflow check` and `vlmflow clean`: is everything there and as it was made; forget what is kept for reuse."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.core import kept, state
from pipeline_lib.core.files import remove
from pipeline_lib.lineage.check import faults
from pipeline_lib.lineage.collect import Records
from pipeline_lib.lineage.present import Present


def check(
    deep: Annotated[bool, typer.Option("--deep", help="read every file anew instead of trusting its times")] = False,
) -> None:
    """List what is not as its record says: missing, altered, edited, unknown; Snakemake does not look for it."""
    found = faults(Records(Path()), Present(deep))
    for fault in found:
        typer.echo(fault)
    if found:
        raise typer.Exit(1)
    typer.echo("Everything that was made is there, as it was made.")


def clean() -> None:
    """Remove what is kept for reuse, downloads, and what interrupted jobs left, and nothing else."""
    from pipeline_lib.downloads.store import (
        FOLDER as DOWNLOADS,  # its HTTP library takes a moment, which others need not wait
    )

    for folder in (kept.FOLDER, state.FOLDER, DOWNLOADS):
        remove(folder)
        typer.echo(f"{folder} is empty.")
