"""Drop-path in a vision tower: in training, an image skips a branch of a layer at random, and the others are scaled up.

The rate rises evenly from 0 in the first layer to its full value in the last, for both branches of a layer. Draws come
from torch's global generator, as those of dropout, so a resumed training repeats them.
Source: OpenGVLab/InternVL 2410d1d, `internvl_chat/internvl/model/internvl_chat/modeling_intern_vit.py`.
"""

from functools import partial
from typing import Any

import torch
from transformers import PreTrainedModel
from transformers.models.internvl.modeling_internvl import InternVLVisionLayer

from pipeline_lib.core.errors import PipelineError


def add_drop_path(model: PreTrainedModel, rate: float) -> None:
    """Make the tower of an InternVL drop paths in training; a model without such layers raises PipelineError."""
    layers = [module for module in model.modules() if isinstance(module, InternVLVisionLayer)]
    if not layers and rate:
        cure = "start from an InternVL, or write `drop_path: 0`"
        raise PipelineError("this model's vision tower has no drop-path", value=f"drop_path: {rate}", cure=cure)
    for layer, share in zip(layers, torch.linspace(0, rate, len(layers), device="cpu").tolist(), strict=True):
        if share:
            layer.attention.register_forward_hook(partial(_dropped_first, rate=share))
            layer.mlp.register_forward_hook(partial(_dropped, rate=share))


def _dropped(module: torch.nn.Module, inputs: Any, branch: torch.Tensor, rate: float) -> torch.Tensor:
    """Return a branch [images, tokens, width], zero for the images that skip it and scaled for the others."""
    if not module.training:
        return branch
    remaining = torch.empty((len(branch), 1, 1), dtype=branch.dtype, device=branch.device).bernoulli_(1 - rate)
    return branch * remaining / (1 - rate)


def _dropped_first(module: torch.nn.Module, inputs: Any, outputs: tuple[Any, ...], rate: float) -> tuple[Any, ...]:
    """Return the outputs of attention, of which the first is the branch."""
    return (_dropped(module, inputs, outputs[0], rate), *outputs[1:])
