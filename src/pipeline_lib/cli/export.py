"""`vlmflow export`: write a checkpoint in the layout of another program, its model card, or rows for other trainers."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pipeline_lib.cli.export_card import README, LicenceOption, card, card_text
from pipeline_lib.cli.export_rows import rows
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.models.layouts import ExportOptions, Layout

CHECKPOINT = "checkpoint"
CARDED: Layout = "hub"  # the layout with a card


class CheckpointByDefault(TyperGroup):
    """The group of exports: `export MODEL TARGET` is short for `export checkpoint MODEL TARGET`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; the first one names a command, or is an argument or option of `checkpoint`."""
        named = not args or args[0] in (*self.commands, *ctx.help_option_names)
        return super().parse_args(ctx, args if named else [CHECKPOINT, *args])


app = typer.Typer(cls=CheckpointByDefault, add_completion=False, no_args_is_help=True, help=__doc__)
app.command(name="rows")(rows)
app.command(name="card")(card)


@app.command(name=CHECKPOINT)
def export(
    model: Annotated[Path, typer.Argument(help="the folder of a checkpoint, such as results/merged/lora")],
    target: Annotated[Path, typer.Argument(help="the folder to write; it must not exist yet")],
    layout: Annotated[Layout, typer.Option("--as", help="the layout to write")],
    base: Annotated[
        Path | None,
        typer.Option(
            help="original: the LLaVA of an adapter; for a LLaVA, the folder of its language model's tokenizer"
        ),
    ] = None,
    tower: Annotated[str | None, typer.Option(help="original: the value of mm_vision_tower")] = None,
    clip: Annotated[Path | None, typer.Option(help="the files of that CLIP model, to compare with")] = None,
    unfreeze: Annotated[
        bool, typer.Option("--unfreeze", help="original: its code will read the tower from the checkpoint")
    ] = False,
    licence: LicenceOption = None,
) -> None:
    """Write a checkpoint for other programs: original (haotian-liu/LLaVA), hub (llava-hf), clip or projector."""
    from pipeline_lib.models.card import read_card
    from pipeline_lib.models.family import load_family

    if not model.is_dir():
        raise PipelineError(
            "no such checkpoint", where=model, cure="name a checkpoint's folder, or make it with snakemake"
        )
    options = ExportOptions(base, tower, clip, unfreeze)
    if licence is not None and layout != CARDED:
        raise PipelineError(
            "only an export to the hub's layout has a card", value=f"--licence {licence}", cure="--as hub"
        )
    text = card_text(model, target.name, licence) if layout == CARDED else None
    load_family(read_card(model).family).export(model, target, layout, options)
    if text is not None and not (target / README).exists():
        write_text(target / README, text)
    elif layout == CARDED:
        typer.echo(_without_card(model, text is not None))
    typer.echo(f"{target}: {sum(path.is_file() for path in target.rglob('*'))} files")


def _without_card(model: Path, is_recorded: bool) -> str:
    """Return why an export to the hub's layout has no card of this project."""
    if is_recorded:
        return f"{README} is the model's own; `vlmflow export card {model} FILE` writes this project's"
    return f"no {README}: no record of this project says how {model} was made"
