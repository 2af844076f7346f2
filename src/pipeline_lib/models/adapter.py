"""Adapters: what a training changed of a LLaVA. Low-rank updates with the whole projector, or the projector alone.

Updates are saved as PEFT saves them, so that its `PeftModel.from_pretrained` reads them too.
"""

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.card import Card, write_card

UPDATES, PROJECTOR = "adapter_model.safetensors", "projector.safetensors"
MODULE = "multi_modal_projector"

# Every linear layer of the language model but its head: what LLaVA's find_all_linear_names takes. A list of names would
# also match the vision tower's layers.
TARGETS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"


def add_lora(model: PreTrainedModel, rank: int, alpha: int, dropout: float, seed: int) -> PeftModel:
    """Return the model with random updates of the language model and a projector to train; the rest is frozen."""
    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=TARGETS, modules_to_save=[MODULE], bias="none"
    )
    return get_peft_model(model, config)


def save_lora(model: PeftModel, folder: Path, card: Card) -> None:
    """Write updates, projector and card into a new folder; the base's path, which may change, is not told."""
    folder.mkdir(parents=True)
    config = model.peft_config["default"]
    config.base_model_name_or_path = None
    config.inference_mode = True
    config.save_pretrained(str(folder))
    _save(get_peft_model_state_dict(model), folder / UPDATES)
    write_card(folder, card)


def save_projector(model: PreTrainedModel, folder: Path, card: Card) -> None:
    """Write the projector and the card into a new folder."""
    folder.mkdir(parents=True)
    _save({name: tensor for name, tensor in model.state_dict().items() if MODULE in name}, folder / PROJECTOR)
    write_card(folder, card)


def apply_adapter(model: PreTrainedModel, folder: Path) -> Any:
    """Return the model with an adapter on it, not yet merged; a tensor without its place raises PipelineError."""
    if (folder / UPDATES).is_file():
        adapted = get_peft_model(model, LoraConfig.from_pretrained(str(folder)))
        tensors = load_file(folder / UPDATES)
        _expect(set(get_peft_model_state_dict(adapted)), set(tensors), folder / UPDATES)
        set_peft_model_state_dict(adapted, tensors)
        return adapted
    tensors = load_file(folder / PROJECTOR)
    _expect({name for name in model.state_dict() if MODULE in name}, set(tensors), folder / PROJECTOR)
    model.load_state_dict(tensors, strict=False)
    return model


def _save(tensors: dict[str, torch.Tensor], path: Path) -> None:
    save_file(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path, metadata={"format": "pt"}
    )


def _expect(places: set[str], tensors: set[str], path: Path) -> None:
    if places != tensors:
        faults = {"missing": sorted(places - tensors)[:3], "left over": sorted(tensors - places)[:3]}
        raise PipelineError("the tensors of this adapter are not those of its base", where=path, value=faults)
