"""The vision half of a CLIP model on disk: of a whole one, or of one that was saved alone."""

from pathlib import Path

from transformers import CLIPModel, CLIPVisionModel

from pipeline_lib.core.text import read_json
from pipeline_lib.models.card import expect_kind
from pipeline_lib.models.saving import load_model


def load_tower(folder: Path) -> CLIPVisionModel:
    """Return the vision tower of a checkpoint of kind CLIP, in float32."""
    expect_kind(folder, "clip")
    if read_json(folder / "config.json")["model_type"] == "clip_vision_model":
        return load_model(CLIPVisionModel, folder)
    tower: CLIPVisionModel = load_model(CLIPModel, folder).vision_model
    return tower
