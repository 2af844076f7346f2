"""Convert a whole LLaVA from the original's layout to the hub's, and copy the original's small files beside it.

Conversion goes shard by shard and preserves each tensor's type; the model need not fit into memory.
"""

import shutil
from pathlib import Path
from typing import Any, Iterator

import torch
from transformers import GenerationConfig, LlavaConfig, LlavaForConditionalGeneration, PreTrainedTokenizerBase

from pipeline_lib.checkpoints.completeness import expect_complete, expect_ties, meta_model
from pipeline_lib.checkpoints.file_names import KEPT
from pipeline_lib.checkpoints.metadata import check_metadata, expect_depth, read_metadata, understood
from pipeline_lib.checkpoints.shards import write_shards
from pipeline_lib.checkpoints.tensors import Tensors, tensors_of
from pipeline_lib.checkpoints.tokenizers import NAMES, open_tokenizer
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import field
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.families.llava.layouts.names import DROPPED, TOWER, hub_name, transformers_names
from pipeline_lib.families.llava.layouts.original_config import check_arithmetic, text_config, vision_settings
from pipeline_lib.families.llava.layouts.tower import ClipFiles, Tower, choose_tower, named_tower, tower_digest
from pipeline_lib.families.llava.layouts.vocabulary import ADDED, check_size, grown, padded
from pipeline_lib.families.llava.model import image_processor, llava_processor
from pipeline_lib.families.llava.tokens import add_llava_tokens
from pipeline_lib.models.card import Card, write_card
from pipeline_lib.prompts.base import IMAGE

Files = dict[str, Path]

RECEIPT = "conversion.json"
SCHEMA = 1
SMALL = ("config.json", "generation_config.json", *NAMES)


def convert_original(files: Files, tower: Path, card: Card, folder: Path) -> None:
    """Write the LLaVA of an original checkpoint into a new folder; `tower` is the CLIP model that the checkpoint names.

    Raise PipelineError for missing or unexpected tensors, a tokenizer of another size and arithmetic that transformers'
    Llava does not support.
    """
    check_metadata(files)
    config = read_metadata(files["config.json"])
    check_arithmetic(config, files["config.json"])
    tensors, clip = tensors_of(files), ClipFiles(tower)
    model_names = transformers_names(tensors.kinds, files["config.json"].parent)
    tokenizer = open_tokenizer(files)
    check_size(len(tokenizer), _rows(tensors, model_names), files["config.json"].parent)
    check_size(len(tokenizer), field(config, "vocab_size", int, files["config.json"]), files["config.json"])
    add_llava_tokens(tokenizer)
    vision = clip.vision_config()
    expect_depth({"text": config, "vision": vision}, len(tensors.kinds) + clip.count(), files["config.json"])
    with understood(files["config.json"]):
        llava = llava_config(text_config(config), vision, vision_settings(config), len(tokenizer) - ADDED)
        llava.dtype = config.get("torch_dtype")  # the type that other programs load it in by default
    chosen = choose_tower(config, tensors, model_names, clip)
    _expect_all(llava, tensors, model_names, chosen, files["config.json"].parent)
    folder.mkdir(parents=True)
    write_shards(_renamed(tensors, model_names, chosen), folder)
    _write_companions(llava, tokenizer, tower, card, folder)
    _keep(files, folder)
    write_text(folder / RECEIPT, pretty_json(_receipt(config, tensors, chosen)))
    write_card(folder, card)


def llava_config(text: dict[str, Any], vision: dict[str, Any], how: dict[str, Any], rows: int) -> LlavaConfig:
    """Return transformers' configuration of a LLaVA whose language model has `rows` tokens before `<image>`."""
    config = LlavaConfig(
        text_config={**text, "vocab_size": padded(rows)},
        vision_config=vision,
        image_token_id=rows,
        tie_word_embeddings=bool(text.get("tie_word_embeddings", False)),
        **how,
    )
    patches = (config.vision_config.image_size // config.vision_config.patch_size) ** 2
    config.image_seq_length = patches + (config.vision_feature_select_strategy == "full")
    return config


def _rows(tensors: Tensors, model_names: dict[str, str]) -> int:
    names = [
        name for name, model_name in model_names.items() if model_name == "model.language_model.embed_tokens.weight"
    ]
    if not names:
        raise PipelineError("these weights hold no embedding", where=tensors.paths[0], value=sorted(model_names)[:5])
    return tensors.kinds[names[0]].shape[0]


def _expect_all(config: LlavaConfig, tensors: Tensors, model_names: dict[str, str], tower: Tower, where: Path) -> None:
    """Raise PipelineError unless files and tower together hold every tensor of the model exactly once."""
    rest = {name: model_name for name, model_name in model_names.items() if not model_name.startswith(TOWER)}
    shapes = {model_name: _grown_shape(model_name, tensors.kinds[name].shape) for name, model_name in rest.items()}
    shapes |= {name: tuple(tensor.shape) for name, tensor in tower.tensors.items()}
    with understood(where):
        model = meta_model(LlavaForConditionalGeneration, config)
    expect_complete(model, shapes, where)
    expect_ties(model, tensors, model_names, where)


def _grown_shape(model_name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(grown(model_name, torch.empty(shape, device="meta")).shape)


def _renamed(tensors: Tensors, model_names: dict[str, str], tower: Tower) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield all tensors of the converted model under the hub's names."""
    for name, tensor in tensors:
        model_name = model_names.get(name)
        if model_name is not None and not model_name.startswith(TOWER):
            yield hub_name(model_name), grown(model_name, tensor)
    yield from ((hub_name(name), tensor) for name, tensor in tower.tensors.items())


def _write_companions(
    config: LlavaConfig, tokenizer: PreTrainedTokenizerBase, tower: Path, card: Card, folder: Path
) -> None:
    """Write configuration, processor and generation settings as a saved LLaVA has them."""
    config.architectures = [LlavaForConditionalGeneration.__name__]
    config.save_pretrained(folder)
    llava_processor(tokenizer, image_processor(tower, card), config).save_pretrained(folder)
    special = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    GenerationConfig(**special).save_pretrained(folder)
    if tokenizer.convert_tokens_to_ids(IMAGE) != config.image_token_id:
        raise PipelineError("this tokenizer has <image> already, under another id", where=folder)


def _keep(files: Files, folder: Path) -> None:
    """Copy the small files of the original checkpoint beside the model."""
    (folder / KEPT).mkdir()
    for name in SMALL:
        if name in files:
            shutil.copyfile(files[name], folder / KEPT / name)


def _receipt(config: dict[str, Any], tensors: Tensors, tower: Tower) -> dict[str, Any]:
    """Return the record of a conversion."""
    return {
        "schema": SCHEMA,
        "layout": "original",
        "model_type": config["model_type"],
        "dropped": sorted(name for name in tensors.kinds if DROPPED.fullmatch(name)),
        "rows": config["vocab_size"],
        "tower": {
            "named": named_tower(config),
            "source": tower.source,
            "held": tower.held,
            "dtype": tower.dtype,
            "sha256": tower_digest(tower.tensors),
        },
    }
