"""Choose the vision tower of a third-party LLaVA by its metadata.

haotian-liu/LLaVA c121f04 (`llava_arch.py`, `clip_encoder.py`) reads the tower that `mm_vision_tower` names and silently
ignores one in the checkpoint; with `unfreeze_mm_vision_tower` it does the reverse. Released LLaVA-1.5 models hold no
tower at all.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from pipeline_lib.checkpoints.metadata import read_metadata
from pipeline_lib.checkpoints.tensors import Tensors, tensors_of
from pipeline_lib.core.digests import digest_bytes, digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import typed
from pipeline_lib.core.files import files_below
from pipeline_lib.families.llava.layouts.names import DROPPED, TOWER
from pipeline_lib.families.llava.layouts.original_config import TOWER_KEY, UNFREEZE

logger = logging.getLogger(__name__)

Held = Literal["none", "equal", "different"]
CLIP_PREFIX = "vision_model."


@dataclass(frozen=True)
class ClipFiles:
    """A CLIP model on disk whose vision half serves as a tower."""

    folder: Path

    @property
    def files(self) -> dict[str, Path]:
        """Return the files by their names."""
        return {path.relative_to(self.folder).as_posix(): path for path in files_below(self.folder)}

    def vision_config(self) -> dict[str, Any]:
        """Return the configuration of the vision half; the files may hold a whole CLIP model or that half alone."""
        path = self.folder / "config.json"
        config = read_metadata(path)
        vision = typed(config.get("vision_config", config), dict, path, "`vision_config`")
        return {**vision, "model_type": "clip_vision_model"}

    def count(self) -> int:
        """Return the number of tensors."""
        return len(tensors_of(self.files).kinds)

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the tensors of the vision half by their names in transformers' Llava."""
        tensors = {
            TOWER + name.removeprefix(CLIP_PREFIX): tensor
            for name, tensor in tensors_of(self.files).some(lambda name: name.startswith(CLIP_PREFIX))
            if not DROPPED.fullmatch(name)
        }
        if not tensors:
            raise PipelineError("this CLIP model holds no vision tower", where=self.folder)
        return tensors


@dataclass(frozen=True)
class Tower:
    """The tensors of a LLaVA's tower, and the record of their source."""

    tensors: dict[str, torch.Tensor]
    source: Literal["checkpoint", "named"]  # the checkpoint, or the CLIP model that the study names
    held: Held  # whether the checkpoint holds a tower, and whether it equals the tower in use
    dtype: str | None  # the type of the checkpoint's tower


def choose_tower(config: dict[str, Any], tensors: Tensors, model_names: dict[str, str], clip: ClipFiles) -> Tower:
    """Return the tower that the original code would use for an original LLaVA.

    `model_names` maps names in the files to names in transformers. A configuration that states a trained tower, with
    files that hold none, raises PipelineError.
    """
    held = part_of(tensors, model_names, TOWER)
    types = sorted({str(tensor.dtype).removeprefix("torch.") for tensor in held.values()})
    dtype = types[0] if len(types) == 1 else None
    if config.get(UNFREEZE):
        if not held:
            raise PipelineError(
                "this model's vision tower was trained, but its files hold none",
                where=f"config.json: {UNFREEZE}", value=True, cure="fetch all files of the checkpoint",
            )  # fmt: skip
        return Tower(held, "checkpoint", "equal", dtype)
    named = clip.tensors()
    state: Held = "none" if not held else "equal" if same_tower(held, named) else "different"
    if state == "different":
        logger.warning(
            "the checkpoint holds a vision tower that differs from the named one; as in the original code, it is "
            "ignored. If it was trained, write `%s: true` into its config.json",
            UNFREEZE,
        )
    return Tower(named, "named", state, dtype)


def part_of(tensors: Tensors, model_names: dict[str, str], prefix: str) -> dict[str, torch.Tensor]:
    """Return the tensors of a part of a LLaVA, such as its tower, by their names in transformers."""
    return {
        model_names[name]: tensor
        for name, tensor in tensors.some(lambda name: model_names.get(name, "").startswith(prefix))
    }


def same_tower(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    """Return whether two towers are equal at the precision of the first."""
    return first.keys() == second.keys() and all(
        tensor.shape == second[name].shape and torch.equal(tensor, second[name].to(tensor.dtype))
        for name, tensor in first.items()
    )


def tower_digest(tensors: dict[str, torch.Tensor]) -> str:
    """Return the digest of a tower's names and float32 bytes; a trained model stores it in float32."""
    lines = [
        f"{name} {digest_bytes(tensor.detach().float().contiguous().view(torch.uint8).numpy().tobytes())}"
        for name, tensor in sorted(tensors.items())
    ]
    return digest_text("\n".join(lines))


def named_tower(config: dict[str, Any]) -> str:
    """Return the tower that an original LLaVA's configuration names."""
    return str(config.get(TOWER_KEY) or config.get("vision_tower") or "")
