"""The vision tower of an InternVL, InternViT: load one alone, and put it into a model."""

from pathlib import Path

from transformers import InternVLForConditionalGeneration, InternVLVisionModel

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.card import expect_kind
from pipeline_lib.models.saving import load_model

ARITHMETIC = (  # settings that determine the shapes of tensors, or the features of equal tensors
    *("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_channels"),
    *("image_size", "patch_size", "hidden_act", "layer_norm_eps", "norm_type", "use_qk_norm", "attention_bias"),
)


def load_tower(folder: Path) -> InternVLVisionModel:
    """Return the tower of a checkpoint of kind vision, in float32."""
    expect_kind(folder, "vision")
    return load_model(InternVLVisionModel, folder)


def put_tower(model: InternVLForConditionalGeneration, folder: Path) -> None:
    """Load a tower into a model; raise PipelineError where its settings differ."""
    tower, current = load_tower(folder), model.config.vision_config
    differing = {
        key: f"{getattr(tower.config, key)}, the InternVL has {getattr(current, key)}"
        for key in ARITHMETIC
        if getattr(tower.config, key) != getattr(current, key)
    }
    if differing:
        raise PipelineError(
            "this vision tower does not have the shape of the InternVL's own", where=folder, value=differing,
            cure="name a tower of the same shape",
        )  # fmt: skip
    model.model.vision_tower.load_state_dict(tower.state_dict())
