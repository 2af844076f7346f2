"""Adapters: the tensors of a model that a training changed. LoRA updates with the projector, or the projector alone.

Updates are saved in PEFT's format, so that `PeftModel.from_pretrained` reads them too.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import PreTrainedModel

from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.models.card import Card, write_card
from pipeline_lib.models.family import Family
from pipeline_lib.models.projector_file import PROJECTOR_TENSORS, expect_tensors, put_projector, save_tensors

UPDATES = "adapter_model.safetensors"
PREFIX = "base_model.model."  # of PEFT's tensor names, before the model's name
UPDATE = re.compile(r".*language_model\.layers\.(\d+)\.(.+)\.lora_[AB]\.weight")
PARTS = (".lora_A.weight", ".lora_B.weight")


@dataclass(frozen=True)
class Updates:
    """Which updates LoRA trains: rank, scale and dropout; of these layers or all; with the whole projector or not."""

    rank: int
    alpha: int
    dropout: float
    layers: list[str] | None = None
    projector: bool = True


def add_lora(model: PreTrainedModel, family: Family, updates: Updates, seed: int) -> PeftModel:
    """Return the model with random LoRA updates of the language model and a trainable projector; the rest is frozen."""
    torch.manual_seed(seed)
    config = LoraConfig(
        r=updates.rank,
        lora_alpha=updates.alpha,
        lora_dropout=updates.dropout,
        target_modules=_targets(model, family.LORA_TARGETS, updates.layers),
        modules_to_save=[prefix.split(".")[-2] for prefix in family.PARTS["projector"]]  # the names of the modules
        if updates.projector
        else None,
        bias="none",
    )
    return get_peft_model(model, config)


def _targets(model: PreTrainedModel, targets: str, layers: list[str] | None) -> str:
    """Return a regular expression of the family's targets whose last names are in `layers`, of all without these.

    Raises PipelineError for a layer that the language model does not have.
    """
    if layers is None:
        return targets
    known = {name.rpartition(".")[2] for name, _ in model.named_modules() if re.fullmatch(targets, name)}
    for layer in layers:
        if layer not in known:
            raise PipelineError("the language model has no such layer", value=layer, cure=suggest(layer, known))
    return rf"(?=(?:{targets})$).*\.({'|'.join(layers)})"


def save_lora(model: PeftModel, folder: Path, card: Card) -> None:
    """Write updates, projector and card into a new folder, without the base's path, which may change."""
    folder.mkdir(parents=True)
    config = model.peft_config["default"]
    config.base_model_name_or_path = None
    config.inference_mode = True
    config.save_pretrained(str(folder))
    save_tensors(get_peft_model_state_dict(model), folder / UPDATES)
    write_card(folder, card)


def apply_adapter(model: PreTrainedModel, family: Family, folder: Path) -> Any:
    """Return the model with an adapter, not yet merged; raise PipelineError where tensors do not match the model."""
    if not (folder / UPDATES).is_file():
        put_projector(model, family.PARTS["projector"], folder)
        return model
    adapted = get_peft_model(model, LoraConfig.from_pretrained(str(folder), trust_remote_code=False))
    tensors = load_file(folder / UPDATES)
    expect_tensors(get_peft_model_state_dict(adapted), tensors, folder / UPDATES)
    set_peft_model_state_dict(adapted, tensors)
    return adapted


def updated_layers(names: Iterable[str]) -> dict[int, set[str]]:
    """Return the updated modules of every layer of the language model, from the names of an adapter's tensors."""
    layers: dict[int, set[str]] = {}
    for name in names:
        match = UPDATE.fullmatch(name)
        if match:
            layers.setdefault(int(match[1]), set()).add(match[2])
    return layers


def holds_projector(family: Family, folder: Path) -> bool:
    """Return whether an adapter has a projector; it then must have all of its tensors."""
    return any(name.startswith(family.PARTS["projector"]) for name in replaced_names(folder))


def replaced_names(folder: Path) -> set[str]:
    """Return the names of the model's tensors that an adapter replaces when it is merged."""
    path = folder / UPDATES if (folder / UPDATES).is_file() else folder / PROJECTOR_TENSORS
    with safe_open(path, framework="pt") as file:
        names = [name.removeprefix(PREFIX) for name in file.keys()]  # noqa: SIM118
    whole = {name for name in names if not name.endswith(PARTS)}
    return whole | {f"{name.removesuffix(part)}.weight" for name in names for part in PARTS if name.endswith(part)}
