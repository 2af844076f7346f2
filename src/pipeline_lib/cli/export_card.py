"""`vlmflow export card`, and the card in an export to the hub's layout: what is known of a checkpoint, as README.md."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text

README = "README.md"
LicenceOption = Annotated[
    str | None, typer.Option(help="in the card: a licence as the hub names it, such as apache-2.0; none: unknown")
]


def card(
    model: Annotated[Path, typer.Argument(help="the folder of a checkpoint, such as results/merged/lora")],
    target: Annotated[Path, typer.Argument(help="the file to write, such as README.md; it must not exist yet")],
    licence: LicenceOption = None,
) -> None:
    """Write the model card of a checkpoint for the Hugging Face hub; nothing is uploaded."""
    if target.exists():
        raise PipelineError("this file exists already", where=target, cure="name another, or remove it")
    text = card_text(model, model.name, licence)
    if text is None:
        cure = "name a checkpoint that a stage of this project made, such as results/checkpoints/full"
        raise PipelineError("no record says how this model was made", where=model, cure=cure)
    write_text(target, text)
    typer.echo(f"{target}: the card of {model}")


def card_text(model: Path, name: str, licence: str | None) -> str | None:
    """Return the card of a checkpoint of this project as Markdown, None for a folder without a record.

    A checkpoint that differs from its record raises PipelineError.
    """
    from pipeline_lib.job.manifest import SUFFIX
    from pipeline_lib.lineage.exports.files import verified_files
    from pipeline_lib.lineage.exports.model_card import model_card
    from pipeline_lib.lineage.records import Records
    from pipeline_lib.models.card import read_card

    inside = _inside(model)
    records = Records(Path())
    if inside is None or records.find(f"{inside.as_posix()}{SUFFIX}") is None:
        return None
    kind = read_card(inside).kind
    made = records.made(inside)
    verified_files(made)
    return f"{model_card(records, made, name, kind == 'adapter', licence)}\n"


def _inside(model: Path) -> Path | None:
    """Return the path of a folder relative to the project, in which commands run; None for one elsewhere."""
    path, here = model.absolute(), Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else None
