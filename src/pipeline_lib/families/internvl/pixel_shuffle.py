"""The two versions of the pixel shuffle, which makes one token of every two by two patches.

Version 1 numbers the tokens of an image column by column, version 2 row by row. transformers has version 2 alone, and
no configuration states the version, so the card does.
Source: OpenGVLab/InternVL 2410d1d, `internvl_chat/internvl/model/internvl_chat/modeling_internvl_chat.py`.
"""

import torch
from transformers import InternVLForConditionalGeneration

from pipeline_lib.models.card import PixelShuffle


def set_pixel_shuffle(model: InternVLForConditionalGeneration, version: PixelShuffle) -> None:
    """Make a new model shuffle pixels by a version; a saved model does not remember it."""
    if version == "v1":
        model.model.pixel_shuffle = by_columns


def by_columns(vision_features: torch.Tensor, scale_factor: float = 0.5) -> torch.Tensor:
    """Return the patches [images, side, side, width] as the fewer, wider tokens of version 1."""
    images, side, _, _ = vision_features.shape
    shorter = int(side * scale_factor)
    halved = vision_features.reshape(images, side, shorter, -1).permute(0, 2, 1, 3)
    return halved.reshape(images, shorter, shorter, -1)
