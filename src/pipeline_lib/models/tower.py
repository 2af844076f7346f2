"""The vision half of a CLIP model on disk: of a whole one, or of one that was saved alone."""

from pathlib import Path

from transformers import CLIPModel, CLIPVisionModel, LlavaForConditionalGeneration

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_object
from pipeline_lib.models.card import expect_kind
from pipeline_lib.models.saving import load_model

ARITHMETIC = (  # settings by which equal tensors give other features, or have another shape
    *("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_channels"),
    *("image_size", "patch_size", "hidden_act", "layer_norm_eps"),
)


def load_tower(folder: Path) -> CLIPVisionModel:
    """Return the vision tower of a checkpoint of kind CLIP, in float32."""
    expect_kind(folder, "clip")
    if read_object(folder / "config.json")["model_type"] == "clip_vision_model":
        return load_model(CLIPVisionModel, folder)
    tower: CLIPVisionModel = load_model(CLIPModel, folder).vision_model
    return tower


def put_tower(model: LlavaForConditionalGeneration, folder: Path) -> None:
    """Put the tower of a checkpoint of kind CLIP into a LLaVA; one that computes otherwise raises PipelineError."""
    tower = load_tower(folder)
    own = model.config.vision_config
    differing = {
        key: f"{getattr(tower.config, key)}, the LLaVA has {getattr(own, key)}"
        for key in ARITHMETIC
        if getattr(tower.config, key) != getattr(own, key)
    }
    if differing:
        raise PipelineError(
            "this vision tower is not of the shape that the LLaVA was made with", where=folder, value=differing,
            cure="name a tower of the same shape, such as a fine-tuned one of the same CLIP model",
        )  # fmt: skip
    model.model.vision_tower.load_state_dict(tower.state_dict())
