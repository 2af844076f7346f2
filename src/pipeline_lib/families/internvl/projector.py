"""InternVL's projector: a norm and two linear layers, from four patches' width to the language model's."""

from pathlib import Path

import torch

from pipeline_lib.models.card import Card
from pipeline_lib.models.projector_file import write_projector

PREFIX = "model.multi_modal_projector."
PATCHES = 4  # whose features one token has


def random_projector(vision: int, language: int, folder: Path) -> None:
    """Write a random projector between these widths into a new folder."""
    layers = {
        "layer_norm": torch.nn.LayerNorm(PATCHES * vision),
        "linear_1": torch.nn.Linear(PATCHES * vision, language),
        "linear_2": torch.nn.Linear(language, language),
    }
    tensors = {
        f"{PREFIX}{name}.{part}": value for name, layer in layers.items() for part, value in layer.state_dict().items()
    }
    write_projector(tensors, folder, Card(kind="projector", family="internvl"))
