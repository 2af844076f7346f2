"""Load a CLIP vision tower, from a whole CLIP checkpoint or from one of the tower alone."""

from pathlib import Path

from transformers import CLIPModel, CLIPVisionModel, LlavaForConditionalGeneration

from pipeline_lib.core.text import read_object
from pipeline_lib.models.card import expect_kind
from pipeline_lib.models.saving import load_model
from pipeline_lib.models.tower_shape import expect_same_shape


def load_tower(folder: Path) -> CLIPVisionModel:
    """Return the vision tower of a checkpoint of kind CLIP, in float32."""
    expect_kind(folder, "clip")
    if read_object(folder / "config.json")["model_type"] == "clip_vision_model":
        return load_model(CLIPVisionModel, folder)
    tower: CLIPVisionModel = load_model(CLIPModel, folder).vision_model
    return tower


def put_tower(model: LlavaForConditionalGeneration, folder: Path) -> None:
    """Load the tower of a CLIP checkpoint into a LLaVA; raise PipelineError where its settings differ."""
    tower = load_tower(folder)
    current = model.config.vision_config
    cure = "name a tower of the same shape, such as a fine-tuned one of the same CLIP model"
    expect_same_shape(tower.config, current, "LLaVA", folder, cure)
    model.model.vision_tower.load_state_dict(tower.state_dict())
