"""The vision tower that the original code will use for an exported model, and the model's own records."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pipeline_lib.checkpoints.tensors import Tensors, tensors_of
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import files_below
from pipeline_lib.core.text import read_object
from pipeline_lib.families.llava.layouts.names import TOWER, transformers_names
from pipeline_lib.families.llava.layouts.original import RECEIPT
from pipeline_lib.families.llava.layouts.original_config import UNFREEZE
from pipeline_lib.families.llava.layouts.tower import ClipFiles, part_of, same_tower, tower_digest
from pipeline_lib.models.layouts import ExportOptions

OFFICIAL = "openai/clip-vit-large-patch14-336"  # LLaVA-1.5's, an example in errors


@dataclass(frozen=True)
class ExportedTower:
    """The vision tower of an exported model."""

    name: str
    inside: bool  # whether the original reads it from the checkpoint
    held: bool  # whether the checkpoint holds it
    dtype: torch.dtype | None = None


def model_tensors(folder: Path) -> tuple[Tensors, dict[str, str]]:
    """Return the tensors in a LLaVA's folder, and the names in transformers by the names in the files."""
    tensors = tensors_of(files_of(folder))
    return tensors, transformers_names(tensors.kinds, folder)


def files_of(folder: Path) -> dict[str, Path]:
    """Return the files directly in a folder, by name."""
    return {path.name: path for path in files_below(folder) if path.parent == folder}


def receipt_of(folder: Path) -> dict[str, Any]:
    """Return the record of a model's conversion; an empty one for a model without conversion."""
    path = folder / RECEIPT
    receipt: dict[str, Any] = read_object(path) if path.is_file() else {}
    return receipt


def exported_tower(folder: Path, options: ExportOptions) -> ExportedTower:
    """Return the tower that the original code will use for a LLaVA.

    The original reads the tower that `mm_vision_tower` names and silently ignores one in the checkpoint. So a tower not
    known to be the named one raises PipelineError, unless the original reads it from the checkpoint.
    """
    record: dict[str, Any] = receipt_of(folder).get("tower", {})
    name = options.tower or record.get("named")
    if not name:
        raise PipelineError(
            "the original's layout names the CLIP model of the vision tower", where=folder,
            cure=f"add --tower NAME, such as {OFFICIAL}, and --clip with the folder of its files",
        )  # fmt: skip
    if options.unfreeze or (record.get("source") == "checkpoint" and options.clip is None):
        return ExportedTower(name, inside=True, held=True)
    if not _is_named(folder, name, record, options):
        raise PipelineError(
            f"the original code would take the tower of {name}, not this model's, and silently give other answers",
            where=folder,
            value="it differs from the one in --clip" if options.clip else "nothing shows that this tower is that one",
            cure=f"if it is that one: add --clip with its files. If not: --unfreeze writes `{UNFREEZE}: true`, and the "
            "original reads the tower from the checkpoint; or `vlmflow export MODEL FOLDER --as clip`, then "
            "--tower FOLDER --clip FOLDER",
        )
    same = name == record.get("named")
    held = record.get("dtype") if same else None
    return ExportedTower(
        name, False, held=not same or record.get("held") != "none", dtype=getattr(torch, held) if held else None
    )


def _is_named(folder: Path, name: str, record: dict[str, Any], options: ExportOptions) -> bool:
    """Return whether a model's tower is known to be the named one, by the files of `clip` or by its record."""
    tensors, model_names = model_tensors(folder)
    tower = part_of(tensors, model_names, TOWER)
    if options.clip is not None:
        return same_tower(tower, ClipFiles(options.clip).tensors())
    return name == record.get("named") and tower_digest(tower) == record.get("sha256")
