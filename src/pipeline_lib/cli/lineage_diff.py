"""`vlmflow lineage diff`: the first inputs in which the lineages of two results differ."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.cli.lineage_sides import KINDS, open_sides
from pipeline_lib.cli.options import JsonOption, RunsStudyOption
from pipeline_lib.core.text import pretty_json
from pipeline_lib.lineage.diff import Comparison, JobDifference, compare_sides
from pipeline_lib.lineage.pointer import Reference


def diff(
    first: Annotated[str, typer.Argument(help=f"{KINDS}; a file may have #/json/pointer")],
    second: Annotated[str, typer.Argument(help="another one")],
    study: RunsStudyOption = None,
    json: JsonOption = False,
) -> None:
    """Walk two lineages in step, and name the first settings, code, libraries, machines, rows or files that differ."""
    with tempfile.TemporaryDirectory() as folder:
        sides = open_sides((first, second), study, Path(folder))
        results = compare_sides(*sides, Reference.parse(first).names)
    if json:
        typer.echo(pretty_json([asdict(result) for result in results]), nl=False)
    else:
        typer.echo("\n\n".join(_text(result) for result in results))


def _text(result: Comparison) -> str:
    names = " and ".join(dict.fromkeys((result.first, result.second)))
    if result.equal:
        return f"{names}: equal bytes"
    values = f": {result.values[0]} → {result.values[1]}" if result.values else ""
    firsts = [difference for difference in result.differences if difference.first]
    others = [difference for difference in result.differences if not difference.first]
    lines = [f"{names}{values}", "first differences:", *(line for each in firsts for line in _lines(each))]
    lines += ["below them:", *(line for each in others for line in _lines(each))] if others else []
    return "\n".join([*lines, f"{result.skipped} equal inputs were skipped with all that they were made from"])


def _lines(difference: JobDifference) -> list[str]:
    names = " → ".join(dict.fromkeys((difference.first_artefact, difference.second_artefact)))
    return [f"  {names}", *(f"    {change.kind}: {change.text}" for change in difference.changes)]
