"""Convert third-party adapters to the tensor names that PEFT uses on transformers' Llava.

Sources are the original's LoRA folder (haotian-liu/LLaVA c121f04: adapter and `non_lora_trainables.bin`), PEFT's
adapters of llava-hf models before and since transformers 4.52, and this workflow's adapters. PEFT itself would load the
first of these without an error and without any effect, because it knows none of the names.
"""

import shutil
from pathlib import Path
from typing import Any, Iterable

import torch

from pipeline_lib.checkpoints.file_names import ADAPTER_CONFIG, CONFIG, KEPT
from pipeline_lib.checkpoints.metadata import read_metadata
from pipeline_lib.checkpoints.tensors import tensors_of
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import field, optional_field
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.families.llava.layouts.detect import Files
from pipeline_lib.families.llava.layouts.names import PROJECTOR, transformers_name
from pipeline_lib.families.llava.layouts.original_config import check_arithmetic, image_shape, is_original
from pipeline_lib.families.llava.projector import MODULE
from pipeline_lib.models.adapter import PARTS, PREFIX, UPDATES, updated_layers
from pipeline_lib.models.card import NAME, Card, ImageShape, read_card, write_card
from pipeline_lib.models.projector_file import save_tensors

REST = "non_lora_trainables.bin"
ADAPTER_FILES = (UPDATES, "adapter_model.bin")
SCALE = ("r", "lora_alpha", "lora_dropout", "use_rslora")  # copied settings of PEFT
# PEFT's settings that must have these values: with others, tensor names alone do not determine the merged weights.
PLAIN: dict[str, tuple[Any, ...]] = {
    **{"bias": ("none",), "use_dora": (False, None), "rank_pattern": ({}, None), "alpha_pattern": ({}, None)},
    **{"fan_in_fan_out": (False,), "layer_replication": (None,), "peft_type": ("LORA",)},
}


def convert_adapter(files: Files, card: Card, folder: Path) -> None:
    """Write a third-party adapter into a new folder, with its card.

    Raise PipelineError for a tensor that belongs to no LLaVA, updates without effect and unsupported PEFT settings.
    """
    settings = read_metadata(files[ADAPTER_CONFIG])
    _check_settings(settings, files[ADAPTER_CONFIG])
    tensors = {peft_name(name, files): tensor for name, tensor in tensors_of(files, ADAPTER_FILES)}
    if REST in files:
        tensors |= {peft_name(name, files): tensor for name, tensor in tensors_of(files, (REST,))}
    _check_rank(settings, tensors, files[ADAPTER_CONFIG])
    _check_effect(tensors, files[ADAPTER_CONFIG].parent)
    _check_complete(tensors, settings.get("target_modules"), files[ADAPTER_CONFIG])
    scale: dict[str, Any] = {key: settings[key] for key in SCALE if key in settings}
    modules = _modules(tensors)
    config = {
        **scale,
        "bias": "none",
        "inference_mode": True,
        "modules_to_save": [MODULE] if any(PROJECTOR in name for name in tensors) else None,
        "peft_type": "LORA",
        "target_modules": modules,
    }
    folder.mkdir(parents=True)
    save_tensors(tensors, folder / UPDATES)
    write_text(folder / ADAPTER_CONFIG, pretty_json(config))
    (folder / KEPT).mkdir()
    for name in (ADAPTER_CONFIG, CONFIG):
        if name in files:
            shutil.copyfile(files[name], folder / KEPT / name)
    write_card(folder, card)


def peft_name(name: str, files: Files) -> str:
    """Return the name that PEFT uses on transformers' Llava for an adapter's tensor.

    Updates may belong to any layer; only the projector's tensors may be stored whole. Others raise PipelineError.
    """
    inner = name.removeprefix(PREFIX).replace(".default.weight", ".weight").replace("modules_to_save.default.", "")
    model_name = transformers_name(inner)
    if model_name is None or not (inner.endswith(PARTS) or model_name.startswith(PROJECTOR)):
        raise PipelineError(
            "an adapter of a LLaVA has no such tensor", where=files[ADAPTER_CONFIG].parent, value=name,
            cure="an adapter may hold updates `lora_A` and `lora_B` of layers and the whole projector, nothing else",
        )  # fmt: skip
    return PREFIX + model_name


def _check_settings(settings: dict[str, Any], where: Path) -> None:
    unsupported = {
        key: settings[key] for key, values in PLAIN.items() if key in settings and settings[key] not in values
    }
    if unsupported or "r" not in settings:
        raise PipelineError(
            "this is not a plain low-rank adapter", where=where, value=unsupported or "no rank `r`",
            cure="merge it with the tool that trained it, and name the merged model",
        )  # fmt: skip


def _check_rank(settings: dict[str, Any], tensors: dict[str, torch.Tensor], where: Path) -> None:
    """Raise PipelineError unless every update has the stated rank, and scale and dropout are in range."""
    rank = field(settings, "r", int, where)
    for name, tensor in tensors.items():
        shape = list(tensor.shape)
        if name.endswith(PARTS) and (len(shape) != 2 or shape[PARTS.index(_part(name))] != rank):
            raise PipelineError(
                "this update does not have the adapter's rank", where=where, value=f"r {rank}, {name} {shape}"
            )
    alpha = optional_field(settings, "lora_alpha", float, where)
    dropout = optional_field(settings, "lora_dropout", float, where) or 0.0
    optional_field(settings, "use_rslora", bool, where)
    if not 0 <= dropout < 1 or (alpha is not None and alpha <= 0):
        value = {"lora_alpha": alpha, "lora_dropout": dropout}
        raise PipelineError("the scale or the dropout of this adapter is out of range", where=where, value=value)


def _part(name: str) -> str:
    return next(part for part in PARTS if name.endswith(part))


def _check_effect(tensors: dict[str, torch.Tensor], where: Path) -> None:
    """Raise PipelineError where an update lacks one of its halves, or all updates are zero."""
    halves = [{name.removesuffix(part) for name in tensors if name.endswith(part)} for part in PARTS]
    if halves[0] != halves[1] or not halves[0]:
        raise PipelineError(
            "every update has two halves, lora_A and lora_B", where=where, value=sorted(halves[0] ^ halves[1])[:5]
        )
    if not any(bool(tensor.any()) for name, tensor in tensors.items() if name.endswith(PARTS[1])):
        raise PipelineError(
            "this adapter changes nothing: every lora_B is zero", where=where,
            cure="it was saved before training, or its tensors were lost: fetch another copy",
        )  # fmt: skip


def _modules(tensors: Iterable[str]) -> list[str]:
    """Return the modules that have updates."""
    return sorted({name.removeprefix(PREFIX).removesuffix(PARTS[0]) for name in tensors if name.endswith(PARTS[0])})


def _check_complete(tensors: Iterable[str], targets: Any, where: Path) -> None:
    """Raise PipelineError where a layer lacks an update that another layer has, or no layer has one for a target."""
    layers = updated_layers(tensors)
    updated_modules = set().union(*layers.values())
    missing = [
        f"layers.{layer}.{module}" for layer, modules in sorted(layers.items()) for module in updated_modules - modules
    ]
    named, updated = targets if isinstance(targets, list) else [], [f".{module}" for module in _modules(tensors)]
    if any(not isinstance(target, str) for target in named):
        raise PipelineError("the target modules of an adapter are names", where=where, value=named)
    missing += [target for target in named if not any(module.endswith(f".{target}") for module in updated)]
    if missing:
        raise PipelineError(
            "this adapter lacks updates that its other layers or its configuration have", where=where,
            value=sorted(missing)[:8], cure="tensors were lost: fetch another copy of the adapter",
        )  # fmt: skip


def stated_card(files: Files) -> Card:
    """Return what an adapter's files state: its image shape; if this project wrote them, also template and base."""
    if NAME in files:
        return read_card(files[NAME].parent)
    shape: ImageShape | None = None
    if CONFIG in files:
        config = read_metadata(files[CONFIG])
        if is_original(config):
            check_arithmetic(config, files[CONFIG])
            shape = image_shape(config, files[CONFIG])
    return Card(kind="adapter", image_shape=shape)
