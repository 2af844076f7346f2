"""The vision tower of an InternVL, InternViT: load one alone, and put it into a model."""

from pathlib import Path

from transformers import InternVLForConditionalGeneration, InternVLVisionModel

from pipeline_lib.models.card import expect_kind
from pipeline_lib.models.saving import load_model
from pipeline_lib.models.tower_shape import expect_same_shape


def load_tower(folder: Path) -> InternVLVisionModel:
    """Return the tower of a checkpoint of kind vision, in float32."""
    expect_kind(folder, "vision")
    return load_model(InternVLVisionModel, folder)


def put_tower(model: InternVLForConditionalGeneration, folder: Path) -> None:
    """Load a tower into a model; raise PipelineError where its settings differ."""
    tower, current = load_tower(folder), model.config.vision_config
    cure = "name a tower of the same shape"
    expect_same_shape(tower.config, current, "InternVL", folder, cure, ("norm_type", "use_qk_norm", "attention_bias"))
    model.model.vision_tower.load_state_dict(tower.state_dict())
