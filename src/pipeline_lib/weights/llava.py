"""Weights `llava`: a whole LLaVA from its configuration, random: a language model, a vision tower, a projector."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from pydantic import Field

from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.weights import clip, llama
from pipeline_lib.weights.base import ModelKind, WeightsInputs, WeightsKind


class Settings(WeightsKind):
    """The two models that it is composed of, and how it is spoken to."""

    kind: Literal["llava"]
    language: llama.Settings = Field(description="the language model, as the kind `llama`")
    tower: clip.Settings = Field(description="the CLIP model whose vision half is taken, as the kind `clip`")
    template: str = Field(
        default="vicuna_v1", description="the conversation template: a module in pipeline_lib/prompts"
    )
    image_shape: Literal["square", "pad"] = Field(
        default="pad", description="pad: padded to a square; square: the middle is cropped"
    )

    def model_kind(self) -> ModelKind:
        """Return what these weights are."""
        return "llava"

    def model_template(self) -> str | None:
        """Return the conversation template."""
        return self.template


def make(settings: Settings, given: WeightsInputs, seed: int, folder: Path) -> None:
    """Write a random LLaVA with its processor."""
    from pipeline_lib.models.card import Card
    from pipeline_lib.models.llava import compose

    card = Card(kind="llava", template=settings.template, image_shape=settings.image_shape)
    with TemporaryDirectory() as scratch:
        language, tower = Path(scratch) / "language", Path(scratch) / "tower"
        llama.make(settings.language, given, derive_seed(seed, "weights", "language"), language)
        clip.make(settings.tower, given, derive_seed(seed, "weights", "tower"), tower)
        compose(language, tower, card, seed).save(folder)
