"""Check an adapter of a training elsewhere against the base that a study names; nothing records its real base."""

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
from pipeline_lib.models.base import Base
from pipeline_lib.models.card import Card, expect_kind, read_card
from pipeline_lib.models.opening import family_of, open_vlm
from pipeline_lib.models.projector_file import expect_tensors

SIZES = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads")


def expect_fitting(adapter: Path, base: Base) -> None:
    """Raise PipelineError where an adapter does not fit a base, of which only the shapes are read.

    An adapter whose card records the digests of its base was trained by this project, and fits that base.
    """
    card = expect_kind(adapter, "adapter")
    if card.base:
        return
    holds = holds_projector(family_of(base), adapter)
    if not (holds or base.projector or read_card(base.start).kind == "vlm"):
        raise PipelineError(
            "there is no projector: neither `start`, nor `projector`, nor this adapter has one", where=adapter,
            cure="LLaVA's scripts write it beside the adapter: add non_lora_trainables.bin to its folder; or give its "
            "`base` a `projector`",
        )  # fmt: skip
    with torch.device("meta"):
        whole = Card(kind="vlm", template=card.template, image_shape=card.image_shape)
        model = open_vlm(base, whole, seed=0, draws_projector=True).model
    _expect_sizes(adapter, model.config)
    _expect_layers(adapter, model.config)
    adapted = get_peft_model(model, LoraConfig.from_pretrained(str(adapter), trust_remote_code=False))
    path = adapter / UPDATES
    expect_tensors(get_peft_model_state_dict(adapted), load_file(path), path)


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
