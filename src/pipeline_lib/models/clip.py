"""A CLIP model with its tokenizer and image processor: what it is shown, and its logits of texts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

import torch
from PIL import Image
from transformers import AutoTokenizer, CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.card import Card, expect_kind
from pipeline_lib.models.saving import load_model, save_model

Texts = dict[str, torch.Tensor]  # `input_ids` and `attention_mask` [texts, tokens]


@dataclass(frozen=True)
class Clip:
    """A CLIP model in memory."""

    model: CLIPModel
    tokenizer: Any
    processor: Any

    def show(self, image: Image.Image) -> torch.Tensor:
        """Return the pixels of an image as the model reads them, [channels, height, width]."""
        pixels: torch.Tensor = self.processor(image, return_tensors="pt")["pixel_values"][0]
        return pixels

    def encode(self, texts: Sequence[str]) -> Texts:
        """Return the tokens of texts, padded to the longest and truncated to what the model takes."""
        return dict(self.tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt"))

    def encode_classes(self, texts: Sequence[str]) -> Texts:
        """Return the tokens of the texts of classes.

        PipelineError for two with the same tokens: the later one would never be the nearest.
        """
        rows = self.tokenizer(list(texts), truncation=True)["input_ids"]
        twice = next((number for number, row in enumerate(rows) if row in rows[:number]), None)
        if twice is not None:
            value = [texts[rows.index(rows[twice])], texts[twice]]
            cure = f"write two that differ in their first {self.tokenizer.model_max_length} tokens"
            raise PipelineError("two texts are the same to this model", value=value, cure=cure)
        return self.encode(texts)

    def save(self, folder: Path) -> None:
        """Write the model, its tokenizer and its processor into a new folder."""
        save_model(self.model, [self.tokenizer, self.processor], folder, Card(kind="clip"))


def open_clip(folder: Path) -> Clip:
    """Return the CLIP model of a checkpoint; PipelineError for one of another kind."""
    expect_kind(folder, "clip")
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    processor = CLIPImageProcessorPil.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    return Clip(load_model(CLIPModel, folder), tokenizer, processor)


def expect_finite(logits: torch.Tensor) -> None:
    """Raise PipelineError for logits that are not finite, by which no text is the nearest."""
    if not torch.isfinite(logits).all():
        cure = "its weights are damaged, or their training has diverged: look at its curve"
        raise PipelineError("this model gives logits that are not finite", value=logits.tolist(), cure=cure)


def text_logits(model: Any, texts: Texts, pixels: torch.Tensor) -> torch.Tensor:
    """Return the scaled cosines of images and texts, [images, texts]; `model` may be wrapped for several processes."""
    moved = {name: value.to(pixels.device) for name, value in texts.items()}
    logits: torch.Tensor = model(pixel_values=pixels, **moved).logits_per_image
    return logits
