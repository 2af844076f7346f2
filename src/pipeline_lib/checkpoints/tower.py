"""The vision tower of a LLaVA in files of others: which tensors it has, by what their metadata say.

haotian-liu/LLaVA c121f04 (`llava_arch.py`, `clip_encoder.py`) reads the tower from where `mm_vision_tower` points, and
its tensors in the checkpoint, if any, are left unused without a word; with `unfreeze_mm_vision_tower` it is the other
way round. Released LLaVA-1.5 models hold no tower at all.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from pipeline_lib.checkpoints.metadata import read_metadata
from pipeline_lib.checkpoints.names import DROPPED, TOWER
from pipeline_lib.checkpoints.original_config import TOWER_KEY, UNFREEZE
from pipeline_lib.checkpoints.tensors import Tensors, tensors_of
from pipeline_lib.core.digests import digest_bytes, digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import typed
from pipeline_lib.core.files import files_below

logger = logging.getLogger(__name__)

Held = Literal["none", "equal", "different"]
CLIP_PREFIX = "vision_model."


@dataclass(frozen=True)
class ClipFiles:
    """A CLIP model on disk whose vision half is a tower."""

    folder: Path

    @property
    def files(self) -> dict[str, Path]:
        """Return the files by their names."""
        return {path.relative_to(self.folder).as_posix(): path for path in files_below(self.folder)}

    def vision_config(self) -> dict[str, Any]:
        """Return the configuration of the vision half, of a whole CLIP model or of the half alone."""
        path = self.folder / "config.json"
        told = read_metadata(path)
        found = typed(told.get("vision_config", told), dict, path, "`vision_config`")
        return {**found, "model_type": "clip_vision_model"}

    def count(self) -> int:
        """Return how many tensors there are."""
        return len(tensors_of(self.files).kinds)

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the tensors of the vision half by the names that they have in a LLaVA of transformers."""
        found = {
            TOWER + name.removeprefix(CLIP_PREFIX): tensor
            for name, tensor in tensors_of(self.files).some(lambda name: name.startswith(CLIP_PREFIX))
            if not DROPPED.fullmatch(name)
        }
        if not found:
            raise PipelineError("there is no vision tower in this CLIP model", where=self.folder)
        return found


@dataclass(frozen=True)
class Tower:
    """The tensors that a LLaVA's tower gets, and what is recorded of where they come from."""

    tensors: dict[str, torch.Tensor]
    source: Literal["checkpoint", "named"]  # the checkpoint's own, or those of the CLIP model that the study names
    held: Held  # whether the checkpoint holds a tower, and whether it is the one that is used
    dtype: str | None  # in which type the checkpoint holds it


def choose_tower(config: dict[str, Any], tensors: Tensors, own: dict[str, str], clip: ClipFiles) -> Tower:
    """Return the tower of an original LLaVA as the original code would take it.

    `own` gives names in transformers by those in the files. A configuration that says that the tower was trained, in
    files that hold none, raises PipelineError.
    """
    held = part_of(tensors, own, TOWER)
    types = sorted({str(tensor.dtype).removeprefix("torch.") for tensor in held.values()})
    dtype = types[0] if len(types) == 1 else None
    if config.get(UNFREEZE):
        if not held:
            raise PipelineError(
                "this model's vision tower was trained with it, and its files hold none",
                where=f"config.json: {UNFREEZE}", value=True, cure="fetch all files of the checkpoint",
            )  # fmt: skip
        return Tower(held, "checkpoint", "equal", dtype)
    named = clip.tensors()
    state: Held = "none" if not held else "equal" if same_tower(held, named) else "different"
    if state == "different":
        logger.warning(
            "the checkpoint holds a vision tower that is not the named one; as in the original code it is left unused. "
            "If it was trained, write `%s: true` into its config.json",
            UNFREEZE,
        )
    return Tower(named, "named", state, dtype)


def part_of(tensors: Tensors, own: dict[str, str], prefix: str) -> dict[str, torch.Tensor]:
    """Return the tensors of a part of a LLaVA, such as its tower, by their names in transformers."""
    return {own[name]: tensor for name, tensor in tensors.some(lambda name: own.get(name, "").startswith(prefix))}


def same_tower(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    """Return whether two towers are one, as far as the type of the first can tell."""
    return first.keys() == second.keys() and all(
        tensor.shape == second[name].shape and torch.equal(tensor, second[name].to(tensor.dtype))
        for name, tensor in first.items()
    )


def tower_digest(tensors: dict[str, torch.Tensor]) -> str:
    """Return the digest of a tower's names and bytes in float32, in which a trained model has it again."""
    lines = [
        f"{name} {digest_bytes(tensor.detach().float().contiguous().view(torch.uint8).numpy().tobytes())}"
        for name, tensor in sorted(tensors.items())
    ]
    return digest_text("\n".join(lines))


def named_tower(config: dict[str, Any]) -> str:
    """Return what an original LLaVA's configuration names as its tower."""
    return str(config.get(TOWER_KEY) or config.get("vision_tower") or "")
