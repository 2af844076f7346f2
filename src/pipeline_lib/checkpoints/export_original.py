"""A LLaVA, an adapter or a projector of ours in the original's layout, as haotian-liu/LLaVA c121f04 reads it.

What came from there goes back byte by byte: its small files as they were, every tensor in the type that it had.
"""

import shutil
from pathlib import Path
from typing import Any, Iterator

import torch
from safetensors.torch import load_file
from transformers import LlavaConfig

from pipeline_lib.checkpoints.adapters import REST
from pipeline_lib.checkpoints.detect import ADAPTER_CONFIG, CONFIG, PROJECTOR_FILE
from pipeline_lib.checkpoints.export_options import GivenTower, Options, files_of, give_tower, model_tensors
from pipeline_lib.checkpoints.metadata import read_metadata
from pipeline_lib.checkpoints.names import PROJECTOR, TOWER, original_name
from pipeline_lib.checkpoints.original import KEPT, SMALL
from pipeline_lib.checkpoints.original_config import TOWER_KEY, UNFREEZE, image_shape, original_config
from pipeline_lib.checkpoints.shards import write_shards
from pipeline_lib.checkpoints.tokenizers import NAMES, without_added
from pipeline_lib.checkpoints.tower import part_of
from pipeline_lib.checkpoints.vocabulary import TABLES, rows_without_added, shrunk
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.models.adapter import PARTS, PREFIX, UPDATES
from pipeline_lib.models.card import Card, expect_kind, read_card
from pipeline_lib.models.projector import PROJECTOR as PROJECTOR_TENSORS
from pipeline_lib.models.projector import save_tensors
from pipeline_lib.models.tokenizer import PAD


def export_llava(model: Path, target: Path, options: Options) -> None:
    """Write a whole LLaVA into a new folder: safetensors, config.json, tokenizer."""
    tower, rows = give_tower(model, options), language_rows(model)
    config = config_for(model, read_card(model), tower)
    target.mkdir(parents=True)
    write_shards(_llava_tensors(model, tower, rows), target)
    _write_tokenizer(model, options.base, rows, target)
    write_text(target / CONFIG, pretty_json(config))


def export_projector(model: Path, target: Path, options: Options) -> None:
    """Write `mm_projector.bin` and config.json: of a LLaVA, of a projector or of an adapter that is one."""
    base = _base(model, options)
    tensors = _projector(model)
    config = config_for(base, _shown(read_card(model), base), give_tower(base, options))
    target.mkdir(parents=True)
    torch.save({original_name(name): tensor for name, tensor in tensors.items()}, target / PROJECTOR_FILE)
    write_text(target / CONFIG, pretty_json({**config, "tune_mm_mlp_adapter": True}))


def export_lora(model: Path, target: Path, options: Options) -> None:
    """Write a low-rank adapter with `non_lora_trainables.bin`; updates outside the language model raise PipelineError.

    The projector is that of the adapter, or of its base: the original's loader takes it from nowhere else.
    """
    tensors = {name.removeprefix(PREFIX): tensor for name, tensor in load_file(model / UPDATES).items()}
    updates = {name: tensor for name, tensor in tensors.items() if name.endswith(PARTS)}
    strange = sorted(name for name in updates if not name.startswith("model.language_model."))
    if strange:
        raise PipelineError(
            "the original's code updates no layer outside the language model", where=model, value=strange[:5],
            cure="merge the adapter and export the whole model",
        )  # fmt: skip
    kept = (model / KEPT / CONFIG).is_file() and not (options.tower or options.unfreeze)
    base = model if kept else _base(model, options)
    rest = {name: tensor for name, tensor in tensors.items() if name.startswith(PROJECTOR)} or _projector(base)
    config = (
        read_metadata(model / KEPT / CONFIG) if kept else config_for(base, read_card(model), give_tower(base, options))
    )
    target.mkdir(parents=True)
    save_tensors({PREFIX + original_name(name): tensor for name, tensor in updates.items()}, target / UPDATES)
    torch.save({PREFIX + original_name(name): tensor for name, tensor in rest.items()}, target / REST)
    write_text(target / ADAPTER_CONFIG, pretty_json(_adapter_config(model, updates)))
    write_text(target / CONFIG, pretty_json(config))


def language_rows(model: Path) -> int:
    """Return how many tokens the language model of a LLaVA had before `<image>` and `<pad>`."""
    config = LlavaConfig.from_pretrained(model, local_files_only=True, trust_remote_code=False)
    told = read_metadata(model / "tokenizer.json")["added_tokens"]
    pads = [entry["id"] for entry in told if entry["content"] == PAD]
    tensors, own = model_tensors(model)
    rows = [tensors.kinds[name].shape[0] for name, here in own.items() if here == TABLES[0]]
    return rows_without_added(config.image_token_id, pads[0] if pads else -1, rows[0], model)


def config_for(model: Path, card: Card, tower: GivenTower) -> dict[str, Any]:
    """Return the original's configuration of a LLaVA: the one it came with, if it did, else a new one."""
    kept = model / KEPT / CONFIG
    if not kept.is_file():
        shape = card.image_shape or "square"
        whole = LlavaConfig.from_pretrained(model, local_files_only=True, trust_remote_code=False).to_dict()
        return original_config(whole, language_rows(model), shape, tower.name, tower.inside)
    told: dict[str, Any] = read_metadata(kept)
    inside = {UNFREEZE: tower.inside} if bool(told.get(UNFREEZE)) != tower.inside else {}
    shown = {"image_aspect_ratio": card.image_shape} if card.image_shape not in (None, image_shape(told, kept)) else {}
    return {**told, TOWER_KEY: tower.name, **inside, **shown}


def _llava_tensors(model: Path, tower: GivenTower, rows: int) -> Iterator[tuple[str, torch.Tensor]]:
    tensors, own = model_tensors(model)
    for name, tensor in tensors:
        here = own.get(name)
        if here is None or (here.startswith(TOWER) and not tower.held):
            continue
        given = tensor.to(tower.dtype) if here.startswith(TOWER) and tower.dtype else tensor
        yield original_name(here), shrunk(here, given, rows)


def _projector(model: Path) -> dict[str, torch.Tensor]:
    """Return a projector's tensors: those of a folder that holds one alone, or of a whole LLaVA."""
    if (model / PROJECTOR_TENSORS).is_file():
        return load_file(model / PROJECTOR_TENSORS)
    if read_card(model).kind != "llava":
        raise PipelineError(
            "here is no projector", where=model, cure="add --base with the LLaVA that this adapter is for"
        )
    tensors, own = model_tensors(model)
    return part_of(tensors, own, PROJECTOR)


def _base(model: Path, options: Options) -> Path:
    """Return the LLaVA whose configuration an export is told by."""
    if read_card(model).kind == "llava":
        return model
    if options.base is None:
        raise PipelineError(
            "an adapter or a projector does not say what it belongs to", where=model,
            cure="add --base with the folder of its LLaVA, such as the merged model",
        )  # fmt: skip
    expect_kind(options.base, "llava")
    return options.base


def _shown(card: Card, base: Path) -> Card:
    return card if card.image_shape else card.model_copy(update={"image_shape": read_card(base).image_shape})


def _adapter_config(model: Path, updates: dict[str, torch.Tensor]) -> dict[str, Any]:
    """Return PEFT's settings of the original: those that came, or new ones for its class of model."""
    if (model / KEPT / CONFIG).is_file():  # of an adapter that came in this layout
        found: dict[str, Any] = read_metadata(model / KEPT / ADAPTER_CONFIG)
        return found
    told = read_metadata(model / ADAPTER_CONFIG)
    modules = {original_name(name).removesuffix(part) for name in updates for part in PARTS if name.endswith(part)}
    layers = {name.split(".")[2] for name in modules}
    short = {name.rpartition(".")[2] for name in modules}
    targets = short if len(modules) == len(layers) * len(short) else modules
    return {
        **{key: told[key] for key in ("r", "lora_alpha", "lora_dropout", "use_rslora") if key in told},
        **{"base_model_name_or_path": "", "bias": "none", "fan_in_fan_out": False, "inference_mode": True},
        **{"init_lora_weights": True, "modules_to_save": None, "peft_type": "LORA", "task_type": "CAUSAL_LM"},
        "target_modules": sorted(targets),
    }


def _write_tokenizer(model: Path, base: Path | None, rows: int, target: Path) -> None:
    """Write the language model's tokenizer: as it came, from the base's folder, or ours without what was added."""
    for folder in (base, model / KEPT):
        if folder is not None and any((folder / name).is_file() for name in NAMES):
            for name in SMALL:
                if (folder / name).is_file() and name != CONFIG:
                    shutil.copyfile(folder / name, target / name)
            return
    for name, text in without_added(files_of(model), rows).items():
        write_text(target / name, text)
