"""Weights `clip`: a random CLIP model from a configuration, with a tokenizer trained on the study's texts."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.core.settings import Settings as Base
from pipeline_lib.models.card import ModelKind
from pipeline_lib.models.shapes import WIDEST, TextShape, VisionShape
from pipeline_lib.weights.base import LARGEST_VOCABULARY, WeightsInputs, WeightsKind


class Tokenizer(Base):
    """The tokenizer to train."""

    vocabulary: int = Field(
        gt=260, le=LARGEST_VOCABULARY, description="number of tokens, including the byte alphabet and special tokens"
    )


class Settings(WeightsKind):
    """The shape of the model, as keys of transformers' CLIPConfig and its two parts, and the tokenizer."""

    kind: Literal["clip"]
    tokenizer: Tokenizer = Field(description="the tokenizer to train on the study's texts")
    vision: VisionShape = Field(description="keys of transformers' CLIPVisionConfig")
    text: TextShape = Field(description="keys of transformers' CLIPTextConfig")
    projection_dim: int = Field(gt=0, le=WIDEST, description="width of the embedding space of images and texts")

    def model_kind(self) -> ModelKind:
        """Return the kind of model that these weights are."""
        return "clip"


def make(settings: Settings, inputs: WeightsInputs, seed: int, folder: Path) -> None:
    """Write a random CLIPModel, its tokenizer and its image processor."""
    import torch
    from transformers import CLIPConfig, CLIPModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    from pipeline_lib.models.card import Card
    from pipeline_lib.models.saving import save_model
    from pipeline_lib.models.tokenizer import train_clip_tokenizer

    texts = (turn["value"] for row in inputs.rows for turn in row.conversations if turn["from"] == "gpt")
    tokenizer = train_clip_tokenizer(texts, settings.tokenizer.vocabulary, settings.text.max_position_embeddings)
    special = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    text = {"vocab_size": len(tokenizer), **special, **settings.text.keys()}
    config = CLIPConfig(text_config=text, vision_config=settings.vision.keys(), projection_dim=settings.projection_dim)
    side = config.vision_config.image_size
    torch.manual_seed(seed)
    image_processor = CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
    save_model(CLIPModel(config), [tokenizer, image_processor], folder, Card(kind="clip"))
