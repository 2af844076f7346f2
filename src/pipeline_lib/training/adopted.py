"""Adopt an adapter that was trained elsewhere: check it against its base and save it, without training."""

import shutil
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors import safe_open
from safetensors.torch import load_file

from pipeline_lib.checkpoints.file_names import ADAPTER_CONFIG, KEPT
from pipeline_lib.checkpoints.metadata import read_metadata
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_json
from pipeline_lib.models.adapter import UPDATES, holds_projector, updated_layers
from pipeline_lib.models.card import Card, ImageShape, expect_kind, read_card, write_card
from pipeline_lib.models.opening import family_of, open_vlm
from pipeline_lib.models.projector_file import expect_tensors
from pipeline_lib.training.task import Examples, Task, TrainingInputs

SIZES = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads")


def adopted_task(material: TrainingInputs, template: str, shape: ImageShape | None) -> Task:
    """Return the task of saving an adapter for its base; only the base's shapes are read.

    Raises PipelineError where the adapter's card names another base, its configuration or tensors have other sizes,
    or its files state another image shape.
    """
    if material.adapter is None:
        raise PipelineError("this recipe needs an adapter to adopt", cure="give this training an `adapter`")
    adapter_card = expect_kind(material.adapter, "adapter")
    card = Card(
        kind="adapter",
        family=read_card(material.base.start).family,
        template=template,
        image_shape=_agreed_shape(shape, adapter_card.image_shape, material.adapter),
        base=material.base.digests,
    )
    _expect_same_origin(adapter_card, card, material.adapter)
    holds = holds_projector(family_of(material.base), material.adapter)
    if not (holds or material.base.projector or read_card(material.base.start).kind == "llava"):
        raise PipelineError(
            "there is no projector: neither `start`, nor `projector`, nor this adapter has one", where=material.adapter,
            cure="LLaVA's scripts write it beside the adapter: add non_lora_trainables.bin to its folder; or give this "
            "training a `projector`",
        )  # fmt: skip
    with torch.device("meta"):
        whole = Card(kind="llava", template=template, image_shape=card.image_shape)
        model = open_vlm(material.base, whole, material.seed, draws_projector=True).model
    _expect_sizes(material.adapter, model.config)
    _expect_layers(material.adapter, model.config)
    adapted = get_peft_model(model, LoraConfig.from_pretrained(str(material.adapter), trust_remote_code=False))
    path = material.adapter / UPDATES
    expect_tensors(get_peft_model_state_dict(adapted), load_file(path), path)
    return Task(
        model=model,
        examples=Examples([], lambda row: {}),
        collate=lambda features: {},
        save=lambda folder: _save(Path(str(material.adapter)), card, folder),
    )


def _expect_same_origin(adapter: Card, planned: Card, where: Path) -> None:
    """Raise PipelineError where an adapter's card names another base or template than the training plans."""
    if adapter.base and adapter.base != planned.base:
        raise PipelineError(
            "this adapter was trained on another base", where=where, value=f"{adapter.base}, given {planned.base}",
            cure="name the model that it was trained on",
        )  # fmt: skip
    if adapter.template not in (None, planned.template):
        raise PipelineError(
            "this adapter was trained with another template", where=where, value=planned.template,
            cure=f"write `template: {adapter.template}`",
        )  # fmt: skip


def _expect_sizes(adapter: Path, config: Any) -> None:
    """Raise PipelineError where the configuration beside an adapter states other sizes than its base has."""
    path = adapter / KEPT / "config.json"
    if not path.is_file():
        return
    stated, text = read_metadata(path), config.get_text_config()
    differing = {
        key: f"{stated[key]}, the base has {getattr(text, key)}"
        for key in SIZES
        if key in stated and stated[key] != getattr(text, key)
    }
    if differing:
        raise PipelineError(
            "this adapter was trained on a model of another size", where=adapter, value=differing,
            cure="name the model that it was trained on",
        )  # fmt: skip


def _expect_layers(adapter: Path, config: Any) -> None:
    """Raise PipelineError where an adapter lacks layers of its base and its configuration does not select layers."""
    path = adapter / KEPT / ADAPTER_CONFIG
    configuration = read_json(path) if path.is_file() else {}
    with safe_open(adapter / UPDATES, framework="pt") as file:
        layers = set(updated_layers(file.keys()))
    missing = sorted(set(range(config.get_text_config().num_hidden_layers)) - layers) if layers else []
    if missing and configuration.get("layers_to_transform") is None:
        raise PipelineError(
            "this adapter has no update of some layers of its base", where=adapter, value=missing[:8],
            cure="tensors are missing, or it belongs to a smaller model: use a complete copy, or name its base",
        )  # fmt: skip


def _agreed_shape(configured: ImageShape | None, trained: ImageShape | None, where: Path) -> ImageShape:
    shape = trained or configured
    if shape is None or (configured is not None and configured != shape):
        raise PipelineError(
            "study and adapter do not agree on how images are shown", where=where,
            value={"study": configured, "adapter": trained},
            cure="set `image_shape` to what the adapter states, or, if it states none, to what it was trained with",
        )  # fmt: skip
    return shape


def _save(adapter: Path, card: Card, folder: Path) -> None:
    """Copy an adapter into a new folder and write the card that names its base."""
    shutil.copytree(adapter, folder)
    write_card(folder, card)
