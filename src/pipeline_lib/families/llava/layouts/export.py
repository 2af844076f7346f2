"""Export a LLaVA, or a part of one, in the layout of another program."""

from pathlib import Path

from pipeline_lib.checkpoints.metadata import check_metadata, understood
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import partial, publish, remove
from pipeline_lib.families.llava.layouts.export_hub import export_clip, export_hub, export_peft
from pipeline_lib.families.llava.layouts.export_original import export_llava, export_lora, export_projector
from pipeline_lib.families.llava.layouts.exported import files_of
from pipeline_lib.models.adapter import UPDATES
from pipeline_lib.models.card import read_card
from pipeline_lib.models.layouts import ExportOptions, Layout

TAKES = {  # the kinds of checkpoints that each layout can hold
    "original": ("vlm", "adapter", "projector"),
    "hub": ("vlm", "adapter"),
    "clip": ("vlm", "clip"),
    "projector": ("vlm",),
}


def export_as(model: Path, target: Path, layout: Layout, options: ExportOptions) -> None:
    """Write a checkpoint into a new folder, atomically; a kind that the layout cannot hold raises PipelineError."""
    kind = read_card(model).kind
    if kind not in TAKES[layout]:
        fitting = [name for name, kinds in TAKES.items() if kind in kinds]
        cure = f"--as {' or '.join(fitting)}" if fitting else "it is in the hub's layout already: copy its folder"
        raise PipelineError(
            "a checkpoint of this kind cannot be exported in this layout", where=model, value=kind, cure=cure
        )
    if target.exists():
        raise PipelineError("this folder exists already", where=target, cure="name a new one")
    check_metadata(files_of(model))
    unfinished = partial(target)
    remove(unfinished)
    try:
        with understood(model):
            _write(kind, model, unfinished, layout, options)
        publish(target)
    finally:
        remove(unfinished)


def _write(kind: str, model: Path, unfinished: Path, layout: Layout, options: ExportOptions) -> None:
    if layout == "hub" and kind == "adapter":
        export_peft(model, unfinished)
    elif layout == "hub":
        export_hub(model, unfinished)
    elif layout == "clip":
        export_clip(model, unfinished, options.clip)
    elif layout == "projector" or not (kind == "vlm" or (model / UPDATES).is_file()):
        export_projector(model, unfinished, options)
    elif kind == "vlm":
        export_llava(model, unfinished, options)
    else:
        export_lora(model, unfinished, options)
