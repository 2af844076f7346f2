"""`vlmflow lineage quote`: whether the numbers marked in a text still equal the score files."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.cli.options import JsonOption
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import pretty_json
from pipeline_lib.lineage.quote import read_quotes


def quote(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="a text with markers: <!-- vlmflow FILE#/json/pointer -->")
    ],
    json: JsonOption = False,
) -> None:
    """Check that every marked number equals the value that its marker names; the first that does not is named."""
    if not path.is_file():
        raise PipelineError("no such file", where=path, cure="name a text, such as README.md")
    quotes = read_quotes(path)
    first = next((quote for quote in quotes if not quote.equals), None)
    if json:
        typer.echo(pretty_json([asdict(quote) for quote in quotes]), nl=False)
        raise typer.Exit(first is not None)
    if first is not None:
        value = f"quoted as {first.quoted}; {first.source} is {first.value}"
        cure = "correct the text, or find out why the score changed: vlmflow lineage show"
        raise PipelineError("a quoted number is not the score's", where=f"{path}:{first.line}", value=value, cure=cure)
    typer.echo(f"all {len(quotes)} quoted numbers equal their files")
