"""Export an InternVL in the original's layout or in the hub's.

A model with pixel shuffle v1 is no model of the hub's layout: every other program would read its images transposed.
"""

import shutil
from pathlib import Path
from typing import Iterator

import torch
from transformers import InternVLConfig

from pipeline_lib.checkpoints.file_names import CONFIG, KEPT
from pipeline_lib.checkpoints.metadata import check_metadata, read_metadata, understood
from pipeline_lib.checkpoints.shards import write_shards
from pipeline_lib.checkpoints.tensors import Tensors, tensors_of
from pipeline_lib.checkpoints.tokenizers import NAMES
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import files_below, partial, publish, remove, write_text
from pipeline_lib.core.plugins import load
from pipeline_lib.core.text import pretty_json
from pipeline_lib.families.internvl.layouts.names import APART, hub_name, name_of_hub, original_name
from pipeline_lib.families.internvl.layouts.original_config import original_config
from pipeline_lib.families.internvl.tokens import BEGIN, CONTEXT, END
from pipeline_lib.models.card import Card, read_card
from pipeline_lib.models.layouts import Layout
from pipeline_lib.prompts.base import IMAGE
from pipeline_lib.prompts.styles.chat_template import chat_template

WEIGHTS = (".safetensors", ".bin", ".index.json")
CHAT = "chat_template.jinja"


def export_as(model: Path, target: Path, layout: Layout) -> None:
    """Write a checkpoint into a new folder, atomically; what the layout cannot hold raises PipelineError."""
    card = read_card(model)
    _expect_possible(model, card, layout)
    if target.exists():
        raise PipelineError("this folder exists already", where=target, cure="name a new one")
    files = {path.name: path for path in files_below(model) if path.parent == model}
    check_metadata(files)
    unfinished = partial(target)
    remove(unfinished)
    try:
        with understood(model):
            unfinished.mkdir(parents=True)
            (_write_hub if layout == "hub" else _write_original)(model, files, card, unfinished)
        publish(target)
    finally:
        remove(unfinished)


def _expect_possible(model: Path, card: Card, layout: Layout) -> None:
    if card.kind != "vlm" or layout not in ("original", "hub"):
        raise PipelineError(
            "of an InternVL, only a whole model can be exported, as original or as hub", where=model,
            value=f"{card.kind} as {layout}", cure="merge an adapter first: `vlmflow export results/merged/NAME`",
        )  # fmt: skip
    if layout == "hub" and card.pixel_shuffle == "v1":
        raise PipelineError(
            "programs that read the hub's layout know pixel shuffle v2 alone: without an error, they would show this "
            "model every image transposed", where=model, value="pixel_shuffle: v1",
            cure="`--as original` writes the version into config.json, where the original's code reads it",
        )  # fmt: skip


def _write_hub(model: Path, files: dict[str, Path], card: Card, target: Path) -> None:
    tensors = tensors_of(files)
    write_shards(((hub_name(_name(name)), tensor) for name, tensor in tensors), target)
    for name, path in files.items():
        if not name.endswith(WEIGHTS):
            shutil.copyfile(path, target / name)
    jinja = chat_template(load("prompts", card.template)) if card.template else None
    if jinja is not None:
        jinja = jinja.replace("bos_token + ", "").replace(IMAGE, f"{BEGIN}{CONTEXT}{END}")
        write_text(target / CHAT, jinja)


def _write_original(model: Path, files: dict[str, Path], card: Card, target: Path) -> None:
    tensors = tensors_of(files)
    with understood(model / CONFIG):
        hub = InternVLConfig.from_dict(read_metadata(files[CONFIG])).to_dict()
    write_shards(_original(tensors), target)
    kept = {path.name: path for path in files_below(model / KEPT)} if (model / KEPT).is_dir() else files
    for name in (*NAMES, "generation_config.json"):
        if name in kept:
            shutil.copyfile(kept[name], target / name)
    config = original_config(hub, card.pixel_shuffle or "v2", card.template)
    write_text(target / CONFIG, pretty_json(config))


def _original(tensors: Tensors) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield all tensors under the original's names; queries, keys and values as one."""
    names = {_name(name): name for name in tensors.kinds}
    first, others = APART[0], APART[1:]
    for name, tensor in tensors:
        model_name = _name(name)
        if any(part in model_name for part in others) and "vision_tower" in model_name:
            continue
        if first in model_name and "vision_tower" in model_name:
            rest = {names[model_name.replace(first, part)] for part in others}
            blocks = dict(tensors.some(rest.__contains__))
            tensor = torch.cat([tensor, *(blocks[names[model_name.replace(first, part)]] for part in others)])
        yield original_name(model_name), tensor


def _name(name: str) -> str:
    return (name_of_hub(name) or [name])[0]
