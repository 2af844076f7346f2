"""Weights `projector`: a random projector of two linear layers, from the tower's width to the language model's."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.models.shapes import WIDEST
from pipeline_lib.weights.base import ModelKind, WeightsInputs, WeightsKind


class Settings(WeightsKind):
    """The widths of the projector."""

    kind: Literal["projector"]
    vision: int = Field(gt=0, le=WIDEST, description="width of the vision tower")
    language: int = Field(gt=0, le=WIDEST, description="width of the language model")

    def model_kind(self) -> ModelKind:
        """Return the kind of model that these weights are."""
        return "projector"


def make(settings: Settings, inputs: WeightsInputs, seed: int, folder: Path) -> None:
    """Write a random projector."""
    import torch

    from pipeline_lib.models.card import Card
    from pipeline_lib.models.projector import LAYERS, MODULE, write_projector

    torch.manual_seed(seed)
    tensors: dict[str, torch.Tensor] = {}
    for name, width in zip(LAYERS, (settings.vision, settings.language), strict=True):
        layer = torch.nn.Linear(width, settings.language)
        tensors |= {f"model.{MODULE}.{name}.{part}": value for part, value in layer.state_dict().items()}
    write_projector(tensors, folder, Card(kind="projector"))
