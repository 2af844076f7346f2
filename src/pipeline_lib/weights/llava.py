"""Weights `llava`: a random LLaVA, or model of another family, from a configuration of its parts."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

from pydantic import Field

from pipeline_lib.core.plugins import PluginName
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.models.card import ImageShape, ModelKind
from pipeline_lib.weights import clip, intern_vit, llama
from pipeline_lib.weights.base import WeightsInputs, WeightsKind


class Settings(WeightsKind):
    """The language model, the vision tower, the conversation template and the image shape."""

    kind: Literal["llava"]
    family: Annotated[str, PluginName("families", members=("compose",))] = Field(
        default="llava", description="the family of models: a folder in pipeline_lib/families"
    )
    language: llama.Settings = Field(description="the language model, with the settings of the kind `llama`")
    tower: clip.Settings | intern_vit.Settings = Field(
        discriminator="kind",
        description="the model that supplies the vision tower, with the settings of the kind `clip` or `intern_vit`",
    )
    template: Annotated[str, PluginName("prompts", loaded=False)] = Field(
        default="vicuna_v1", description="the conversation template: a module in pipeline_lib/prompts"
    )
    image_shape: ImageShape = Field(
        default="pad",
        description="pad: images are padded to a square; square: images are cropped to the central square",
    )

    def model_kind(self) -> ModelKind:
        """Return the kind of model that these weights are."""
        return "vlm"

    def model_family(self) -> str:
        """Return the family."""
        return self.family

    def model_template(self) -> str | None:
        """Return the conversation template."""
        return self.template


def make(settings: Settings, inputs: WeightsInputs, seed: int, folder: Path) -> None:
    """Write a random LLaVA with its processor."""
    from pipeline_lib.models.card import Card
    from pipeline_lib.models.family import load_family

    card = Card(kind="vlm", family=settings.family, template=settings.template, image_shape=settings.image_shape)
    with TemporaryDirectory() as scratch:
        language, tower = Path(scratch) / "language", Path(scratch) / "tower"
        llama.make(settings.language, inputs, derive_seed(seed, "weights", "language"), language)
        _make_tower(settings.tower, inputs, derive_seed(seed, "weights", "tower"), tower)
        load_family(settings.family).compose(language, tower, card, seed).save(folder)


def _make_tower(settings: clip.Settings | intern_vit.Settings, inputs: WeightsInputs, seed: int, folder: Path) -> None:
    if isinstance(settings, clip.Settings):
        clip.make(settings, inputs, seed, folder)
    else:
        intern_vit.make(settings, inputs, seed, folder)
