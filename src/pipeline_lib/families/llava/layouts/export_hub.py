"""Export LLaVAs in the layout of the llava-hf files, and vision towers in that of openai's CLIP.

transformers 5 names the tensors of a tower that it created `vision_tower.X`; older versions and other programs look for
`vision_tower.vision_model.X`. This module writes the older names, which every version reads.
"""

import json
import shutil
from pathlib import Path
from typing import Any, Iterator, cast

import torch
from transformers import LlavaConfig

from pipeline_lib.checkpoints.file_names import ADAPTER_CONFIG, CONFIG
from pipeline_lib.checkpoints.metadata import read_metadata
from pipeline_lib.checkpoints.shards import write_shards
from pipeline_lib.checkpoints.tensors import tensors_of
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.core.plugins import load
from pipeline_lib.core.text import pretty_json
from pipeline_lib.families.llava.layouts.exported import files_of, model_tensors
from pipeline_lib.families.llava.layouts.hub import PROCESSORS, stated_shape
from pipeline_lib.families.llava.layouts.names import DROPPED, TOWER, hub_name
from pipeline_lib.families.llava.layouts.original import RECEIPT
from pipeline_lib.families.llava.layouts.tower import CLIP_PREFIX, part_of
from pipeline_lib.families.llava.model import image_processor
from pipeline_lib.models.adapter import UPDATES
from pipeline_lib.models.card import read_card
from pipeline_lib.models.sentencepiece import is_legacy, load_tokenizer
from pipeline_lib.prompts.base import Template
from pipeline_lib.prompts.styles.chat_template import chat_template

WEIGHTS = (".safetensors", ".bin", ".index.json")
PREPROCESSOR = "preprocessor_config.json"
CHAT = "chat_template.jinja"


def export_hub(model: Path, target: Path) -> None:
    """Write a LLaVA into a new folder: tensors under the hub's names, its template for chats, other files unchanged.

    Where the files have CLIP's image processor, and the card says that images are padded, so does the new one.
    """
    tensors, model_names = model_tensors(model)
    target.mkdir(parents=True)
    write_shards(((hub_name(model_names[name]), tensor) for name, tensor in tensors if name in model_names), target)
    for name, path in files_of(model).items():
        if not name.endswith(WEIGHTS) and name != RECEIPT:
            shutil.copyfile(path, target / name)
    _pad_as_the_card(model, target)
    jinja = _chat_template(model)
    if jinja is not None:
        write_text(target / CHAT, jinja)


def _pad_as_the_card(model: Path, target: Path) -> None:
    """Make programs that read an export pad images to a square, if the card says so and the files do not."""
    files = {name: target / name for name in PROCESSORS if (target / name).is_file()}
    card = read_card(model)
    if card.image_shape != "pad" or stated_shape(files) is not None:
        return
    processor = json.loads(image_processor(model, card).to_json_string())
    nested = next((path for path in files.values() if "image_processor" in read_metadata(path)), None)
    content = processor if nested is None else {**read_metadata(nested), "image_processor": processor}
    write_text(nested or target / PREPROCESSOR, pretty_json(content))


def _chat_template(model: Path) -> str | None:
    """Return the chat template of a model for its tokenizer, None if its template has no rounds."""
    name = read_card(model).template
    if name is None:
        return None
    return chat_template(cast(Template, load("prompts", name)), spaced=not is_legacy(load_tokenizer(model)))


def export_peft(model: Path, target: Path) -> None:
    """Write a low-rank adapter into a new folder; checkpoints of this workflow have PEFT's layout already."""
    if not (model / UPDATES).is_file():
        raise PipelineError(
            "this adapter holds a projector alone, for which PEFT has no layout", where=model, cure="--as original"
        )
    target.mkdir(parents=True)
    for name in (ADAPTER_CONFIG, UPDATES):
        shutil.copyfile(model / name, target / name)


def export_clip(model: Path, target: Path, clip: Path | None) -> None:
    """Write a CLIP model, or the tower of a LLaVA, into a new folder.

    A tower is written alone or, where `clip` is named, together with the text half of that model.
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
    """Return configuration and tensors of a LLaVA's tower, with the rest of `clip` if it is named."""
    tensors, model_names = model_tensors(model)
    vision = LlavaConfig.from_pretrained(model, local_files_only=True, trust_remote_code=False).vision_config.to_dict()
    part = part_of(tensors, model_names, TOWER)
    tower = {CLIP_PREFIX + name.removeprefix(TOWER): tensor for name, tensor in part.items()}
    if clip is None:
        tower_config = {**vision, "model_type": "clip_vision_model", "architectures": ["CLIPVisionModel"]}
        return tower_config, iter(tower.items())
    config = read_metadata(clip / CONFIG)
    replaced = {name for name in tensors_of(files_of(clip)).kinds if name.startswith(CLIP_PREFIX)}
    replaced -= {name for name in replaced if DROPPED.fullmatch(name)}
    if replaced != tower.keys() or config.get("model_type") != "clip":
        raise PipelineError(
            "this tower does not fit that CLIP model", where=clip, value=sorted(replaced ^ tower.keys())[:5],
            cure="name a whole CLIP model of the same shape, or none to write the tower alone",
        )  # fmt: skip
    return config, ((name, tower.get(name, tensor)) for name, tensor in _clip_tensors(clip))


def _preprocessor(model: Path) -> dict[str, Any]:
    """Return the image processor's settings in the form of openai's files, which every version reads."""
    processor = image_processor(model, read_card(model))
    return {
        "crop_size": processor.crop_size["height"],
        "do_center_crop": True,
        "do_normalize": True,
        "do_resize": True,
        "feature_extractor_type": "CLIPFeatureExtractor",
        "image_mean": list(processor.image_mean),
        "image_std": list(processor.image_std),
        "resample": int(processor.resample),
        "size": processor.size["shortest_edge"],
    }
