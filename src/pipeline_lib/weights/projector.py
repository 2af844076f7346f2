"""Weights `projector`: a LLaVA's projector at random: two linear layers from the tower's width to the language's."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from pipeline_lib.core.plugins import PluginName
from pipeline_lib.models.card import ModelKind
from pipeline_lib.models.shapes import WIDEST
from pipeline_lib.weights.base import WeightsInputs, WeightsKind


class Settings(WeightsKind):
    """The widths of the projector."""

    kind: Literal["projector"]
    family: Annotated[str, PluginName("families", members=("draw_projector",))] = Field(
        default="llava", description="the family of models: a folder in pipeline_lib/families"
    )
    vision: int = Field(gt=0, le=WIDEST, description="width of the vision tower")
    language: int = Field(gt=0, le=WIDEST, description="width of the language model")

    def model_kind(self) -> ModelKind:
        """Return the kind of model that these weights are."""
        return "projector"

    def model_family(self) -> str:
        """Return the family."""
        return self.family


def make(settings: Settings, inputs: WeightsInputs, seed: int, folder: Path) -> None:
    """Write a random projector."""
    import torch

    from pipeline_lib.models.family import load_family

    torch.manual_seed(seed)
    load_family(settings.family).draw_projector(settings.vision, settings.language, folder)
