"""What an export is told beside the model: where the original will find its vision tower, and what the base was."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pipeline_lib.checkpoints.names import TOWER, own_names
from pipeline_lib.checkpoints.original import RECEIPT
from pipeline_lib.checkpoints.original_config import UNFREEZE
from pipeline_lib.checkpoints.tensors import Tensors, tensors_of
from pipeline_lib.checkpoints.tower import ClipFiles, part_of, same_tower, tower_digest
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import files_below
from pipeline_lib.core.text import read_object

OFFICIAL = "openai/clip-vit-large-patch14-336"  # LLaVA-1.5's, an example in errors


@dataclass(frozen=True)
class Options:
    """What a person says of an export to the original's layout; what a model came with need not be said again."""

    base: Path | None = None  # of an adapter or projector: its LLaVA; of a LLaVA: the folder with its tokenizer's files
    tower: str | None = None  # what `mm_vision_tower` is to say
    clip: Path | None = None  # the CLIP files that this name stands for
    unfreeze: bool = False  # the original is to read the tower from the checkpoint itself


@dataclass(frozen=True)
class GivenTower:
    """The tower of an exported model: its name, whether the original reads the checkpoint's, whether files hold it."""

    name: str
    inside: bool
    held: bool
    dtype: torch.dtype | None = None


def model_tensors(folder: Path) -> tuple[Tensors, dict[str, str]]:
    """Return the tensors of a LLaVA's folder, and their names in transformers by those in the files."""
    tensors = tensors_of(files_of(folder))
    return tensors, own_names(tensors.kinds, folder)


def files_of(folder: Path) -> dict[str, Path]:
    """Return the files directly in a folder, by name."""
    return {path.name: path for path in files_below(folder) if path.parent == folder}


def receipt_of(folder: Path) -> dict[str, Any]:
    """Return what was recorded when a model was converted; nothing for one that was made here."""
    path = folder / RECEIPT
    found: dict[str, Any] = read_object(path) if path.is_file() else {}
    return found


def give_tower(folder: Path, options: Options) -> GivenTower:
    """Return how a LLaVA's tower is given to the original.

    The original reads the tower from where `mm_vision_tower` points and passes over the one in the checkpoint without a
    word. So a tower that is not shown to be the named one raises PipelineError, unless it is to be read from inside.
    """
    told: dict[str, Any] = receipt_of(folder).get("tower", {})
    name = options.tower or told.get("named")
    if not name:
        raise PipelineError(
            "the original's layout names the CLIP model of the vision tower", where=folder,
            cure=f"add --tower NAME, such as {OFFICIAL}, and --clip with the folder of its files",
        )  # fmt: skip
    if options.unfreeze or (told.get("source") == "checkpoint" and options.clip is None):
        return GivenTower(name, inside=True, held=True)
    if not _is_named(folder, name, told, options):
        raise PipelineError(
            f"the original code would take the tower of {name}, not this model's, and answer otherwise, unnoticed",
            where=folder,
            value="it differs from that in --clip" if options.clip else "nothing shows that this tower is that one",
            cure=f"if it is that one: --clip with its files. If not: --unfreeze writes `{UNFREEZE}: true`, and the "
            "original reads the tower from the checkpoint; or `vlmflow export MODEL FOLDER --as clip`, then "
            "--tower FOLDER --clip FOLDER",
        )
    same = name == told.get("named")
    held = told.get("dtype") if same else None
    return GivenTower(
        name, False, held=not same or told.get("held") != "none", dtype=getattr(torch, held) if held else None
    )


def _is_named(folder: Path, name: str, told: dict[str, Any], options: Options) -> bool:
    """Return whether a model's tower is shown to be the named one: by its files, or as it came."""
    tensors, own = model_tensors(folder)
    here = part_of(tensors, own, TOWER)
    if options.clip is not None:
        return same_tower(here, ClipFiles(options.clip).tensors())
    return name == told.get("named") and tower_digest(here) == told.get("sha256")
