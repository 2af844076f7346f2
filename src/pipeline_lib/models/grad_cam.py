"""Grad-CAM of a CLIP: which parts of an image raise its nearness to a text.

Source: wanglihx/LLaVA-OA 8cfac12, `3-clip/gradcam.py`, with the scaling of grad-cam 1.5.5 (`utils/image.py`,
`base_cam.py`), which that script calls.
"""

from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from pipeline_lib.models.clip import Clip, Texts, expect_finite, text_logits

LAYER = "vision_model.encoder.layers[-1].layer_norm1"  # as records name it
TINY = 1e-7  # so that a flat map is all zero


@dataclass(frozen=True)
class Cam:
    """The heat [height, width] from 0 to 1, the text that it is about, and the probabilities of all texts."""

    heat: NDArray[np.float32]
    target: int
    probabilities: list[float]


def grad_cam(clip: Clip, texts: Texts, pixels: torch.Tensor, target: int | None = None) -> Cam:
    """Return the heat of an image [channels, height, width], by default that of its nearest text.

    Logits that are not finite raise PipelineError.
    """
    outputs: list[torch.Tensor] = []
    layer = clip.model.vision_model.encoder.layers[-1].layer_norm1
    handle = layer.register_forward_hook(lambda module, inputs, output: outputs.append(output))
    try:
        (logits,) = text_logits(clip.model, texts, pixels[None])
    finally:
        handle.remove()
    expect_finite(logits)
    target = int(logits.argmax()) if target is None else target
    (gradient,) = torch.autograd.grad(logits[target], outputs)
    seen, slopes = outputs[0][0, 1:].detach(), gradient[0, 1:]  # without the class token
    heat = torch.relu(seen @ slopes.mean(0))  # a map's weight is its mean gradient
    side = isqrt(len(heat))
    whole = interpolate(_scaled(heat).view(1, 1, side, side), size=pixels.shape[1:], mode="bilinear")
    return Cam(_scaled(whole)[0, 0].float().cpu().numpy(), target, logits.softmax(0).tolist())


def _scaled(heat: Any) -> torch.Tensor:
    """Return a map from 0 to 1."""
    above: torch.Tensor = heat - heat.min()
    return above / (TINY + above.max())
