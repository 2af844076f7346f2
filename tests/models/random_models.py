"""A tiny random model of every family."""

from pathlib import Path

from pipeline_lib.models.base import Base
from pipeline_lib.models.card import Card
from pipeline_lib.models.opening import open_vlm
from tests.models.internvl import small_internvl
from tests.models.mllama import small_mllama

TEMPLATES = {"llava": "vicuna_v1", "internvl": "hermes_2", "mllama": "vicuna_v1"}
CARD = Card(kind="vlm", template="vicuna_v1", image_shape="pad")


def random_model(family: str, language: Path, tower: Path, root: Path) -> Path:
    """Make a tiny random model of a family, and return its folder."""
    if family == "llava":
        open_vlm(Base(language, tower), CARD, 0, draws_projector=True).save(root / "model")
    elif family == "internvl":
        small_internvl(root).save(root / "model")
    else:
        small_mllama(root / "model")
    return root / "model"
