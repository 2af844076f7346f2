"""Detect what third-party files hold by their config.json, adapter_config.json and indexes, never by folder name."""

from pathlib import Path
from typing import Any

from pipeline_lib.checkpoints.file_names import ADAPTER_CONFIG, CONFIG
from pipeline_lib.checkpoints.metadata import read_metadata
from pipeline_lib.checkpoints.tensors import INDEX, WHOLE
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.llava.layouts.original_config import is_original
from pipeline_lib.models.card import ModelKind

Files = dict[str, Path]

PROJECTOR_FILE = "mm_projector.bin"
KINDS: dict[str, ModelKind] = {  # `model_type` of config.json
    "llama": "language",
    "mistral": "language",
    "clip": "clip",
    "clip_vision_model": "clip",
    "llava": "vlm",
    "llava_llama": "vlm",
    "llava_mistral": "vlm",
}


def kind_of(files: Files) -> ModelKind:
    """Return what the files of a folder hold; unknown or missing metadata raise PipelineError."""
    if ADAPTER_CONFIG in files:
        return "adapter"
    if PROJECTOR_FILE in files and not any(name in files or name + INDEX in files for name in WHOLE):
        return "projector"
    model_type = config_of(files).get("model_type")
    if not isinstance(model_type, str) or model_type not in KINDS:
        raise PipelineError(
            "models of this type are not supported", where=f"{files[CONFIG]}: model_type", value=model_type,
            cure=f"supported types: {', '.join(KINDS)}",
        )  # fmt: skip
    return KINDS[model_type]


def expect_holds(files: Files, holds: str) -> None:
    """Raise PipelineError where the files do not hold what the study states."""
    kind = kind_of(files)
    if kind != holds:
        where = next(iter(files.values())).parent
        raise PipelineError(
            f"according to their metadata, these files hold {kind}", where=where, value=f"holds: {holds}",
            cure=f"write `holds: {kind}`, or name other files",
        )  # fmt: skip


def config_of(files: Files) -> dict[str, Any]:
    """Return config.json; a missing one, or one that is not a mapping, raises PipelineError."""
    if CONFIG not in files:
        raise PipelineError(
            "these files are not a model: there is no config.json", value=sorted(files)[:5],
            cure="set `below` to the folder with config.json",
        )  # fmt: skip
    return read_metadata(files[CONFIG])


def holds_original(files: Files) -> bool:
    """Return whether the files of a LLaVA are in the original's layout rather than the hub's."""
    return is_original(config_of(files))
