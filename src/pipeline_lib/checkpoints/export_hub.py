"""A LLaVA of ours in the llava-hf files' layout, and a vision tower in that of openai's CLIP, for readers of any age.

transformers 5 writes a tower that it made itself as `vision_tower.X`; older versions and other programs look for
`vision_tower.vision_model.X`. The names are therefore written here.
"""

import shutil
from pathlib import Path
from typing import Any, Iterator

import torch
from transformers import LlavaConfig

from pipeline_lib.checkpoints.detect import ADAPTER_CONFIG, CONFIG
from pipeline_lib.checkpoints.export_options import files_of, model_tensors
from pipeline_lib.checkpoints.metadata import read_metadata
from pipeline_lib.checkpoints.names import DROPPED, TOWER, hub_name
from pipeline_lib.checkpoints.original import RECEIPT
from pipeline_lib.checkpoints.shards import write_shards
from pipeline_lib.checkpoints.tensors import tensors_of
from pipeline_lib.checkpoints.tower import CLIP_PREFIX, part_of
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.models.adapter import UPDATES
from pipeline_lib.models.card import read_card
from pipeline_lib.models.llava import image_processor

WEIGHTS = (".safetensors", ".bin", ".index.json")
PREPROCESSOR = "preprocessor_config.json"


def export_hub(model: Path, target: Path) -> None:
    """Write a LLaVA into a new folder: the hub's names, its other files as they are."""
    tensors, own = model_tensors(model)
    target.mkdir(parents=True)
    write_shards(((hub_name(own[name]), tensor) for name, tensor in tensors if name in own), target)
    for name, path in files_of(model).items():
        if not name.endswith(WEIGHTS) and name != RECEIPT:
            shutil.copyfile(path, target / name)


def export_peft(model: Path, target: Path) -> None:
    """Write a low-rank adapter as PEFT reads it, which is how it lies here, into a new folder."""
    if not (model / UPDATES).is_file():
        raise PipelineError(
            "this adapter is a projector alone, which PEFT has no layout for", where=model, cure="--as original"
        )
    target.mkdir(parents=True)
    for name in (ADAPTER_CONFIG, UPDATES):
        shutil.copyfile(model / name, target / name)


def export_clip(model: Path, target: Path, clip: Path | None) -> None:
    """Write a CLIP model, or the tower of a LLaVA, into a new folder.

    A tower is written alone, or in the place of that of `clip`, whose text half it is then given.
    """
    card = read_card(model)
    if card.kind == "clip":
        config, tensors = read_metadata(model / CONFIG), _clip_tensors(model)
    else:
        config, tensors = _with_tower(model, clip)
    target.mkdir(parents=True)
    write_shards(tensors, target)
    write_text(target / CONFIG, pretty_json(config))
    write_text(target / PREPROCESSOR, pretty_json(_preprocessor(model)))
    source = model if card.kind == "clip" else clip
    for name, path in (files_of(source) if source else {}).items():
        if name.startswith(("tokenizer", "vocab", "merges", "special_tokens")):
            shutil.copyfile(path, target / name)


def _clip_tensors(folder: Path) -> Iterator[tuple[str, torch.Tensor]]:
    return ((name, tensor) for name, tensor in tensors_of(files_of(folder)) if not DROPPED.fullmatch(name))


def _with_tower(model: Path, clip: Path | None) -> tuple[dict[str, Any], Iterator[tuple[str, torch.Tensor]]]:
    """Return configuration and tensors of a LLaVA's tower, with the rest of a CLIP model if there is one."""
    found, own = model_tensors(model)
    vision = LlavaConfig.from_pretrained(model, local_files_only=True, trust_remote_code=False).vision_config.to_dict()
    mine = {CLIP_PREFIX + name.removeprefix(TOWER): tensor for name, tensor in part_of(found, own, TOWER).items()}
    if clip is None:
        told = {**vision, "model_type": "clip_vision_model", "architectures": ["CLIPVisionModel"]}
        return told, iter(mine.items())
    config = read_metadata(clip / CONFIG)
    theirs = {name for name in tensors_of(files_of(clip)).kinds if name.startswith(CLIP_PREFIX)}
    theirs -= {name for name in theirs if DROPPED.fullmatch(name)}
    if theirs != mine.keys() or config.get("model_type") != "clip":
        raise PipelineError(
            "this tower has no place in that CLIP model", where=clip, value=sorted(theirs ^ mine.keys())[:5],
            cure="name a whole CLIP model of the same shape, or none: then the tower is written alone",
        )  # fmt: skip
    return config, ((name, mine.get(name, tensor)) for name, tensor in _clip_tensors(clip))


def _preprocessor(model: Path) -> dict[str, Any]:
    """Return the image processor's settings in the form of openai's files, which every version reads."""
    shown = image_processor(model, read_card(model))
    return {
        "crop_size": shown.crop_size["height"],
        "do_center_crop": True,
        "do_normalize": True,
        "do_resize": True,
        "feature_extractor_type": "CLIPFeatureExtractor",
        "image_mean": list(shown.image_mean),
        "image_std": list(shown.image_std),
        "resample": int(shown.resample),
        "size": shown.size["shortest_edge"],
    }
