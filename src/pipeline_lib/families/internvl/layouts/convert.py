"""Convert an InternVL, or its tower alone, from the original's layout to the hub's.

Conversion goes shard by shard and preserves each tensor's type; the model need not fit into memory.
"""

import shutil
from pathlib import Path
from typing import Any, Iterator

import torch
from transformers import (
    GenerationConfig,
    InternVLConfig,
    InternVLForConditionalGeneration,
    InternVLVisionModel,
    PreTrainedModel,
)

from pipeline_lib.checkpoints.completeness import expect_complete, expect_ties, meta_model
from pipeline_lib.checkpoints.file_names import CONFIG, KEPT
from pipeline_lib.checkpoints.metadata import check_metadata, expect_depth, read_metadata, understood
from pipeline_lib.checkpoints.shards import write_shards
from pipeline_lib.checkpoints.tensors import Tensors, tensors_of
from pipeline_lib.checkpoints.tokenizers import NAMES, open_tokenizer
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.internvl.composing import special_ids
from pipeline_lib.families.internvl.layouts.names import TOWER, hub_name, model_names, parts
from pipeline_lib.families.internvl.layouts.original_config import (
    expect_template,
    internvl_config,
    pixel_shuffle,
    vision_config,
)
from pipeline_lib.families.internvl.pixels import image_processor, side_of
from pipeline_lib.families.internvl.tokens import CONTEXT, expect_added, with_added
from pipeline_lib.models.card import Card, Stated, write_card

Files = dict[str, Path]

SMALL = (CONFIG, "generation_config.json", *NAMES)
VISION = "vision_model."  # which a tower's own files leave out


def convert_whole(files: Files, stated: Stated, folder: Path) -> None:
    """Write an InternVL of the original into a new folder, with its card.

    Raise PipelineError for missing or unexpected tensors, and for arithmetic that transformers lacks. Code that
    config.json names is never run.
    """
    check_metadata({name: path for name, path in files.items() if name != CONFIG})
    config, tensors = read_metadata(files[CONFIG], code=True), tensors_of(files)
    expect_depth(config, len(tensors.kinds), files[CONFIG])
    expect_template(config, stated.template, files[CONFIG])
    token = int(open_tokenizer(files).convert_tokens_to_ids(CONTEXT) or 0)
    with understood(files[CONFIG]):
        hub = internvl_config(config, token, files[CONFIG])
        model = meta_model(InternVLForConditionalGeneration, hub)
    _expect_all(model, tensors, "", files[CONFIG].parent)
    folder.mkdir(parents=True)
    write_shards(((hub_name(name), tensor) for name, tensor in _converted(tensors, "")), folder)
    hub.architectures = [InternVLForConditionalGeneration.__name__]
    hub.save_pretrained(folder)
    write_companions(files, hub, folder)
    _keep(files, folder)
    version = pixel_shuffle(config, files[CONFIG])
    shape = stated.image_shape
    write_card(
        folder,
        Card(kind="vlm", family="internvl", template=stated.template, image_shape=shape, pixel_shuffle=version),
    )


def convert_tower(files: Files, folder: Path) -> None:
    """Write the InternViT of the original into a new folder, with its card; see `convert_whole`."""
    config, tensors = read_metadata(files[CONFIG], code=True), tensors_of(files)
    expect_depth(config, len(tensors.kinds), files[CONFIG])
    with understood(files[CONFIG]):
        vision = vision_config(config, files[CONFIG])
        vision.dtype = config.get("torch_dtype")
        model = meta_model(InternVLVisionModel, vision)
    _expect_all(model, tensors, VISION, files[CONFIG].parent)
    folder.mkdir(parents=True)
    write_shards(((name.removeprefix(TOWER), tensor) for name, tensor in _converted(tensors, VISION)), folder)
    vision.architectures = [InternVLVisionModel.__name__]
    vision.save_pretrained(folder)
    _keep(files, folder)
    write_card(folder, Card(kind="vision", family="internvl"))


def write_companions(files: Files, config: InternVLConfig, folder: Path) -> None:
    """Write tokenizer, image processor and generation settings, if none are there; raise PipelineError for misfits."""
    where, tokenizer = files[CONFIG].parent, open_tokenizer(files)
    expect_added(tokenizer, where)
    rows = config.text_config.vocab_size
    ids = {"tokenizer": tokenizer.convert_tokens_to_ids(CONTEXT), "model": config.image_token_id}
    if len(tokenizer) > rows or ids["tokenizer"] != ids["model"]:
        raise PipelineError(
            "tokenizer and model differ in size, or in the id of an image's features", where=where,
            value={"tokens of the tokenizer": len(tokenizer), "rows of the embedding": rows, CONTEXT: ids},
            cure="take tokenizer and weights from one model",
        )  # fmt: skip
    tokenizer = with_added(tokenizer)
    tokenizer.save_pretrained(folder)
    image_processor(side_of(config.vision_config)).save_pretrained(folder)
    if not (folder / "generation_config.json").exists():
        GenerationConfig(**special_ids(tokenizer)).save_pretrained(folder)


def _expect_all(model: PreTrainedModel, tensors: Tensors, prefix: str, where: Path) -> None:
    """Raise PipelineError unless the files hold every tensor of the model exactly once, and none that it lacks."""
    names = {name: model_names(prefix + name) for name in tensors.kinds}
    unknown = sorted(name for name, results in names.items() if not results)
    if unknown:
        raise PipelineError(
            f"{len(unknown)} tensors of these files do not belong to an InternVL", where=where, value=unknown[:8]
        )
    own = TOWER if prefix else ""
    shapes = {
        each.removeprefix(own): _part_shape(tensors.kinds[name].shape, len(results))
        for name, results in names.items()
        for each in results
    }
    expect_complete(model, shapes, where)
    expect_ties(model, tensors, {name: results[0] for name, results in names.items()}, where)


def _part_shape(shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """Return the shape of each block of rows; indivisible rows stay, and so fit no model."""
    return (shape[0] // count, *shape[1:]) if count > 1 and shape and shape[0] % count == 0 else shape


def _converted(tensors: Tensors, prefix: str) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield all tensors under their names in transformers."""
    for name, tensor in tensors:
        names = model_names(prefix + name)
        yield from zip(names, parts(tensor, len(names)), strict=True)


def _keep(files: Files, folder: Path) -> None:
    """Copy the small files of the original checkpoint beside the model."""
    (folder / KEPT).mkdir()
    for name in SMALL:
        if name in files:
            shutil.copyfile(files[name], folder / KEPT / name)


def receipt_config(folder: Path) -> dict[str, Any]:
    """Return the original's config.json of a converted model; an empty one for others."""
    path = folder / KEPT / CONFIG
    return read_metadata(path, code=True) if path.is_file() else {}
