"""`vlmflow lineage find`: artefacts by any recorded field."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline_lib.cli.options import JsonOption
from pipeline_lib.core.text import plain_text, pretty_json
from pipeline_lib.lineage.find import Match, Term, find_artefacts
from pipeline_lib.lineage.records import Records


def find(
    terms: Annotated[
        list[str],
        typer.Argument(metavar="FIELD=VALUE…", help="a recorded field, by its last parts, and a value; * is any text"),
    ],
    json: JsonOption = False,
) -> None:
    """List the artefacts whose records have all these values."""
    matches = find_artefacts(Records(Path()), [Term.parse(text) for text in terms])
    if json:
        typer.echo(pretty_json([asdict(match) for match in matches]), nl=False)
        return
    for match in matches:
        typer.echo(_line(match))
    typer.echo(f"{len(matches)} artefact{'s' * (len(matches) != 1)}")


def _line(match: Match) -> str:
    values = ", ".join(f"{name} {_text(value)}" for name, value in match.fields.items())
    return f"{match.artefact}  {match.sha256[:12]}  {match.job}: {values}"


def _text(value: Any) -> str:
    """Return a value as a line shows it; of files by digest, the names."""
    return " and ".join(value) if isinstance(value, dict) else plain_text(value)
