"""Export LLaVAs, adapters and projectors in the original's layout, as haotian-liu/LLaVA c121f04 reads it.

A model from this layout gets its original bytes back, with its small files and tensor types.
"""

import shutil
from pathlib import Path
from typing import Any, Iterator

import torch
from safetensors.torch import load_file
from transformers import LlavaConfig

from pipeline_lib.checkpoints.file_names import ADAPTER_CONFIG, CONFIG, KEPT
from pipeline_lib.checkpoints.metadata import read_metadata
from pipeline_lib.checkpoints.shards import write_shards
from pipeline_lib.checkpoints.tokenizers import NAMES
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.families.llava.layouts.adapters import REST
from pipeline_lib.families.llava.layouts.detect import PROJECTOR_FILE
from pipeline_lib.families.llava.layouts.exported import ExportedTower, exported_tower, files_of, model_tensors
from pipeline_lib.families.llava.layouts.names import PROJECTOR, TOWER, original_name
from pipeline_lib.families.llava.layouts.original import SMALL
from pipeline_lib.families.llava.layouts.original_config import TOWER_KEY, UNFREEZE, image_shape, original_config
from pipeline_lib.families.llava.layouts.tower import part_of
from pipeline_lib.families.llava.layouts.vocabulary import TABLES, rows_without_added, shrunk, without_added
from pipeline_lib.models.adapter import PARTS, PREFIX, UPDATES
from pipeline_lib.models.card import Card, expect_kind, read_card
from pipeline_lib.models.layouts import ExportOptions
from pipeline_lib.models.projector_file import PROJECTOR_TENSORS, save_tensors
from pipeline_lib.models.tokenizer import PAD


def export_llava(model: Path, target: Path, options: ExportOptions) -> None:
    """Write a whole LLaVA into a new folder: safetensors, config.json, tokenizer."""
    tower, rows = exported_tower(model, options), language_rows(model)
    config = config_for(model, read_card(model), tower)
    target.mkdir(parents=True)
    write_shards(_llava_tensors(model, tower, rows), target)
    _write_tokenizer(model, options.base, rows, target)
    write_text(target / CONFIG, pretty_json(config))


def export_projector(model: Path, target: Path, options: ExportOptions) -> None:
    """Write `mm_projector.bin` and config.json: of a LLaVA, of a projector or of a projector-only adapter."""
    base = _base(model, options)
    tensors = _projector(model)
    config = config_for(base, _with_image_shape(read_card(model), base), exported_tower(base, options))
    target.mkdir(parents=True)
    torch.save({original_name(name): tensor for name, tensor in tensors.items()}, target / PROJECTOR_FILE)
    write_text(target / CONFIG, pretty_json({**config, "tune_mm_mlp_adapter": True}))


def export_lora(model: Path, target: Path, options: ExportOptions) -> None:
    """Write a low-rank adapter with `non_lora_trainables.bin`; updates outside the language model raise PipelineError.

    The projector is the adapter's, or else the base's: the original's loader takes it from this file only.
    """
    tensors = {name.removeprefix(PREFIX): tensor for name, tensor in load_file(model / UPDATES).items()}
    updates = {name: tensor for name, tensor in tensors.items() if name.endswith(PARTS)}
    unsupported = sorted(name for name in updates if not name.startswith("model.language_model."))
    if unsupported:
        raise PipelineError(
            "the original's code updates no layer outside the language model", where=model, value=unsupported[:5],
            cure="merge the adapter and export the whole model",
        )  # fmt: skip
    converted = (model / KEPT / CONFIG).is_file() and not (options.tower or options.unfreeze)
    base = model if converted else _base(model, options)
    rest = {name: tensor for name, tensor in tensors.items() if name.startswith(PROJECTOR)} or _projector(base)
    config = (
        read_metadata(model / KEPT / CONFIG)
        if converted
        else config_for(base, read_card(model), exported_tower(base, options))
    )
    target.mkdir(parents=True)
    save_tensors({PREFIX + original_name(name): tensor for name, tensor in updates.items()}, target / UPDATES)
    torch.save({PREFIX + original_name(name): tensor for name, tensor in rest.items()}, target / REST)
    write_text(target / ADAPTER_CONFIG, pretty_json(_adapter_config(model, updates)))
    write_text(target / CONFIG, pretty_json(config))


def language_rows(model: Path) -> int:
    """Return how many tokens the language model of a LLaVA had before `<image>` and `<pad>`."""
    config = LlavaConfig.from_pretrained(model, local_files_only=True, trust_remote_code=False)
    added_tokens = read_metadata(model / "tokenizer.json")["added_tokens"]
    pads = [entry["id"] for entry in added_tokens if entry["content"] == PAD]
    tensors, model_names = model_tensors(model)
    rows = [tensors.kinds[name].shape[0] for name, model_name in model_names.items() if model_name == TABLES[0]]
    return rows_without_added(config.image_token_id, pads[0] if pads else -1, rows[0], model)


def config_for(model: Path, card: Card, tower: ExportedTower) -> dict[str, Any]:
    """Return a LLaVA's configuration in the original's layout: the one that it was converted from, or a new one."""
    path = model / KEPT / CONFIG
    if not path.is_file():
        shape = card.image_shape or "square"
        whole = LlavaConfig.from_pretrained(model, local_files_only=True, trust_remote_code=False).to_dict()
        return original_config(whole, language_rows(model), shape, tower.name, tower.inside)
    config: dict[str, Any] = read_metadata(path)
    inside = {UNFREEZE: tower.inside} if bool(config.get(UNFREEZE)) != tower.inside else {}
    known = (None, image_shape(config, path))
    shape_change = {"image_aspect_ratio": card.image_shape} if card.image_shape not in known else {}
    return {**config, TOWER_KEY: tower.name, **inside, **shape_change}


def _llava_tensors(model: Path, tower: ExportedTower, rows: int) -> Iterator[tuple[str, torch.Tensor]]:
    tensors, model_names = model_tensors(model)
    for name, tensor in tensors:
        model_name = model_names.get(name)
        if model_name is None or (model_name.startswith(TOWER) and not tower.held):
            continue
        exported = tensor.to(tower.dtype) if model_name.startswith(TOWER) and tower.dtype else tensor
        yield original_name(model_name), shrunk(model_name, exported, rows)


def _projector(model: Path) -> dict[str, torch.Tensor]:
    """Return a projector's tensors: from a folder that holds only a projector, or from a whole LLaVA."""
    if (model / PROJECTOR_TENSORS).is_file():
        return load_file(model / PROJECTOR_TENSORS)
    if read_card(model).kind != "vlm":
        raise PipelineError(
            "this checkpoint holds no projector", where=model, cure="add --base with the LLaVA that this adapter is for"
        )
    tensors, model_names = model_tensors(model)
    return part_of(tensors, model_names, PROJECTOR)


def _base(model: Path, options: ExportOptions) -> Path:
    """Return the LLaVA that supplies the configuration of an export."""
    if read_card(model).kind == "vlm":
        return model
    if options.base is None:
        raise PipelineError(
            "an adapter or a projector does not name its LLaVA", where=model,
            cure="add --base with the folder of its LLaVA, such as the merged model",
        )  # fmt: skip
    expect_kind(options.base, "vlm")
    return options.base


def _with_image_shape(card: Card, base: Path) -> Card:
    return card if card.image_shape else card.model_copy(update={"image_shape": read_card(base).image_shape})


def _adapter_config(model: Path, updates: dict[str, torch.Tensor]) -> dict[str, Any]:
    """Return PEFT's settings for the original: those of the converted adapter, or new ones for its model class."""
    if (model / KEPT / CONFIG).is_file():  # an adapter from this layout
        original: dict[str, Any] = read_metadata(model / KEPT / ADAPTER_CONFIG)
        return original
    settings = read_metadata(model / ADAPTER_CONFIG)
    modules = {original_name(name).removesuffix(part) for name in updates for part in PARTS if name.endswith(part)}
    layers = {name.split(".")[2] for name in modules}
    short = {name.rpartition(".")[2] for name in modules}
    targets = short if len(modules) == len(layers) * len(short) else modules
    return {
        **{key: settings[key] for key in ("r", "lora_alpha", "lora_dropout", "use_rslora") if key in settings},
        **{"base_model_name_or_path": "", "bias": "none", "fan_in_fan_out": False, "inference_mode": True},
        **{"init_lora_weights": True, "modules_to_save": None, "peft_type": "LORA", "task_type": "CAUSAL_LM"},
        "target_modules": sorted(targets),
    }


def _write_tokenizer(model: Path, base: Path | None, rows: int, target: Path) -> None:
    """Write the language model's tokenizer: the base's, the converted model's, or this one without the added tokens."""
    for folder in (base, model / KEPT):
        if folder is not None and any((folder / name).is_file() for name in NAMES):
            for name in SMALL:
                if (folder / name).is_file() and name != CONFIG:
                    shutil.copyfile(folder / name, target / name)
            return
    for name, text in without_added(files_of(model), rows).items():
        write_text(target / name, text)
