"""Weights `intern_vit`: a random vision tower of InternVL-Chat-V1.2 from a configuration."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.models.card import ModelKind
from pipeline_lib.models.shapes import InternVitShape
from pipeline_lib.weights.base import WeightsInputs, WeightsKind


class Settings(WeightsKind):
    """The shape of the tower, as keys of transformers' InternVLVisionConfig."""

    kind: Literal["intern_vit"]
    config: InternVitShape = Field(description="keys of transformers' InternVLVisionConfig")

    def model_kind(self) -> ModelKind:
        """Return the kind of model that these weights are."""
        return "vision"

    def model_family(self) -> str:
        """Return the only family with such towers."""
        return "internvl"


def make(settings: Settings, inputs: WeightsInputs, seed: int, folder: Path) -> None:
    """Write a random InternVLVisionModel."""
    import torch
    from transformers import InternVLVisionConfig, InternVLVisionModel

    from pipeline_lib.models.card import Card
    from pipeline_lib.models.saving import save_model

    torch.manual_seed(seed)
    config = InternVLVisionConfig(
        use_qk_norm=True, norm_type="rms_norm", attention_bias=False, **settings.config.keys()
    )
    save_model(InternVLVisionModel(config), [], folder, Card(kind="vision", family="internvl"))
