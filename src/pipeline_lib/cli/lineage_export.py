"""`vlmflow lineage export`: lineage as an RO-Crate, an in-toto statement or a Croissant dataset."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.lineage.exports.croissant import dataset
from pipeline_lib.lineage.exports.in_toto import statement
from pipeline_lib.lineage.exports.ro_crate import crate
from pipeline_lib.lineage.pointer import Reference
from pipeline_lib.lineage.records import Records


class Form(StrEnum):
    """The forms of an export."""

    RO_CRATE = "ro-crate"
    IN_TOTO = "in-toto"
    CROISSANT = "croissant"


def export(
    form: Annotated[Form, typer.Argument(help="ro-crate of a result, in-toto of an artefact, croissant of a table")],
    artefact: Annotated[str, typer.Argument(help="a score, checkpoint, table or any other file that a stage made")],
    to: Annotated[Path | None, typer.Option("--to", help="the file to write; without it, the JSON is printed")] = None,
) -> None:
    """Write the lineage of an artefact in the form of another tool, without host, user, absolute path or key."""
    content = _content(form, Reference.parse(artefact), Records(Path()))
    if to is None:
        typer.echo(pretty_json(content), nl=False)
    else:
        write_text(to, pretty_json(content))
        typer.echo(f"{to}: {form.value} of {artefact}")


def _content(form: Form, reference: Reference, records: Records) -> dict[str, Any]:
    if form is Form.RO_CRATE:
        return crate(records, reference)
    made = records.made(reference.path)
    return statement(made) if form is Form.IN_TOTO else dataset(made)
