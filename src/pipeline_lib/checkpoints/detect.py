"""What files of others are, by their metadata: config.json, adapter_config.json, indexes. Never by a folder's name."""

from pathlib import Path
from typing import Any, Literal

from pipeline_lib.checkpoints.metadata import read_metadata
from pipeline_lib.checkpoints.original_config import is_original
from pipeline_lib.checkpoints.tensors import INDEX, WHOLE
from pipeline_lib.core.errors import PipelineError

Files = dict[str, Path]
Kind = Literal["language", "clip", "llava", "projector", "adapter"]

CONFIG, ADAPTER_CONFIG, PROJECTOR_FILE = "config.json", "adapter_config.json", "mm_projector.bin"
KINDS: dict[str, Kind] = {  # `model_type` of config.json
    "llama": "language",
    "mistral": "language",
    "clip": "clip",
    "clip_vision_model": "clip",
    "llava": "llava",
    "llava_llama": "llava",
    "llava_mistral": "llava",
}


def kind_of(files: Files) -> Kind:
    """Return what the files of a folder are; PipelineError where their metadata do not say it, or another thing."""
    if ADAPTER_CONFIG in files:
        return "adapter"
    if PROJECTOR_FILE in files and not any(name in files or name + INDEX in files for name in WHOLE):
        return "projector"
    told = config_of(files).get("model_type")
    if not isinstance(told, str) or told not in KINDS:
        raise PipelineError(
            "models of this type are not known here", where=f"{files[CONFIG]}: model_type", value=told,
            cure=f"there is {', '.join(KINDS)}",
        )  # fmt: skip
    return KINDS[told]


def expect_holds(files: Files, holds: str) -> None:
    """Raise PipelineError where the files are not what a study says that they hold."""
    found = kind_of(files)
    if found != holds:
        where = next(iter(files.values())).parent
        raise PipelineError(
            f"by their metadata these files hold {found}", where=where, value=f"holds: {holds}",
            cure=f"write `holds: {found}`, or name other files",
        )  # fmt: skip


def config_of(files: Files) -> dict[str, Any]:
    """Return config.json; files without one, or one that is no mapping, raise PipelineError."""
    if CONFIG not in files:
        raise PipelineError(
            "these files are no model: there is no config.json", value=sorted(files)[:5],
            cure="name the folder with config.json as `below`",
        )  # fmt: skip
    return read_metadata(files[CONFIG])


def holds_original(files: Files) -> bool:
    """Return whether the files of a LLaVA are in the original's layout rather than the hub's."""
    return is_original(config_of(files))
