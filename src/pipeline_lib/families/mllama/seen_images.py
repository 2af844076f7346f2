"""The tiles of images for cross-attention: their states, computed once an image, and which tokens see them."""

from typing import Any, NamedTuple

import torch
from transformers import MllamaForConditionalGeneration

from pipeline_lib.models.family import Shown, Step


class SeenImage(NamedTuple):
    """The states of an image's tiles [tiles, patches, width], and 1 for each tile that is not padding [tiles]."""

    states: torch.Tensor
    tiles: torch.Tensor


def seen_images(model: MllamaForConditionalGeneration, images: list[Shown]) -> list[SeenImage]:
    """Return the images as the language model reads them."""
    device = model.device
    inputs = {name: torch.stack([image[name] for image in images])[:, None].to(device) for name in images[0]}
    inputs["pixel_values"] = inputs["pixel_values"].to(model.dtype)
    states = model.model.multi_modal_projector(model.model.vision_model(**inputs).last_hidden_state)[:, 0]
    return [SeenImage(*image) for image in zip(states, inputs["aspect_ratio_mask"][:, 0], strict=True)]


def cross_attention(mark: int, step: Step) -> dict[str, Any]:
    """Return the arguments of a step for the cross-attention layers; nothing if its rows have no images.

    The tokens from a row's mark on see the tiles of its image that are not padding.
    """
    images = [image for row in step.images for image in row]
    if not images:
        return {}
    after = (step.ids == mark).cumsum(dim=1) > 0 if step.first else torch.ones_like(step.ids, dtype=torch.bool)
    tiles = torch.stack([image.tiles for image in images])
    mask = {"cross_attention_mask": (after[:, :, None] * tiles[:, None, :])[:, :, None]}
    return {**mask, "cross_attention_states": torch.cat([image.states for image in images])} if step.first else mask
