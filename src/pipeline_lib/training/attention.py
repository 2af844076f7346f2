"""The implementation of attention with which a training computes: as its settings say, or the fastest one here."""

import torch
from transformers import PreTrainedModel
from transformers.utils import is_flash_attn_2_available, is_flash_attn_3_available

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.training.settings import TrainSettings

AMPERE = (8, 0)  # the compute capability from which flash-attn's kernels run
INSTALLED = {"flash_attention_2": is_flash_attn_2_available, "flash_attention_3": is_flash_attn_3_available}


def set_attention(model: torch.nn.Module, settings: TrainSettings) -> str:
    """Let a model compute attention as the settings say, and return the name of the implementation.

    `auto` is flash_attention_2 where `obstacle` names nothing, else sdpa. Raises PipelineError where the settings
    ask for an implementation that an obstacle prevents.
    """
    choice = settings.devices.attention
    if choice == "auto":
        choice = "sdpa" if obstacle("flash_attention_2", model, settings) else "flash_attention_2"
    elif reason := obstacle(choice, model, settings):
        raise PipelineError(
            f"this training cannot compute with this attention: {reason}",
            where="devices.attention", value=choice, cure="write `attention: auto`, or `sdpa`",
        )  # fmt: skip
    for part in _models(model):
        if part.config._attn_implementation != choice:
            part.set_attn_implementation(choice)
    return choice


def obstacle(attention: str, model: torch.nn.Module, settings: TrainSettings) -> str | None:
    """Return why a model cannot compute with an implementation of attention here, None if it can."""
    if attention not in INSTALLED:
        return None
    if settings.device != "cuda":
        return "flash-attn computes on GPUs alone"
    if settings.devices.precision != "bfloat16":
        return f"flash-attn does not compute in {settings.devices.precision}"
    rigid = sorted({type(part).__name__ for part in _models(model) if not part._supports_flash_attn})
    if rigid:
        return f"transformers has no such attention for {', '.join(rigid)}"
    if not INSTALLED[attention]():
        return "its package is not installed"
    if torch.cuda.get_device_capability() < AMPERE:
        return f"{torch.cuda.get_device_name()} is older than flash-attn's kernels"
    return None


def _models(model: torch.nn.Module) -> list[PreTrainedModel]:
    """Return the models of transformers in a model, the outermost one first."""
    return [module for module in model.modules() if isinstance(module, PreTrainedModel)]
