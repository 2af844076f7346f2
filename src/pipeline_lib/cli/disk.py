"""`vlmflow disk`: what is kept for results, reuse and resuming, and what can go."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from pipeline_lib.cli.console import wide_console
from pipeline_lib.core.text import pretty_json
from pipeline_lib.lineage.disk import DiskUse, disk_use
from pipeline_lib.lineage.records import Records

UNITS = ("B", "KB", "MB", "GB", "TB")


def disk(json: Annotated[bool, typer.Option("--json", help="print JSON, in bytes")] = False) -> None:
    """Print what every folder takes, what its removal frees, and by which command; then the models and their scores."""
    use = disk_use(Records(Path()))
    if json:
        typer.echo(pretty_json(asdict(use)), nl=False)
        return
    console = wide_console()
    console.print(_folders(use))
    console.print(_models(use))
    typer.echo("A removed model keeps its manifest, record and scores; a job that must read it makes it again.")


def size_text(size: float) -> str:
    """Return a count of bytes with three digits and a decimal unit."""
    unit = 0
    while size >= 999.5 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.3g} {UNITS[unit]}"


def _folders(use: DiskUse) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in ("folder", "what", "files", "size", "frees", "can go by"):
        table.add_column(heading, justify="right" if heading in ("files", "size", "frees") else "left", overflow="fold")
    for each in use.folders:
        sizes = (str(each.files), size_text(each.bytes), size_text(each.frees))
        table.add_row(each.path, each.what, *sizes, each.removal or "")
    return table


def _models(use: DiskUse) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in ("model", "size", "scores that stand on it", "can go by"):
        table.add_column(heading, justify="right" if heading == "size" else "left", overflow="fold")
    for each in use.models:
        table.add_row(each.path, size_text(each.bytes), str(len(each.scores)) if each.scores else "none", each.removal)
    return table
