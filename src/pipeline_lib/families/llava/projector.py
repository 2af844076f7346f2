"""LLaVA's projector: two linear layers from the tower's width to the language model's."""

from pathlib import Path

import torch

from pipeline_lib.models.card import Card
from pipeline_lib.models.projector_file import write_projector

MODULE = "multi_modal_projector"
LAYERS = ("linear_1", "linear_2")


def random_projector(vision: int, language: int, folder: Path) -> None:
    """Write a random projector between these widths into a new folder."""
    tensors: dict[str, torch.Tensor] = {}
    for name, width in zip(LAYERS, (vision, language), strict=True):
        layer = torch.nn.Linear(width, language)
        tensors |= {f"model.{MODULE}.{name}.{part}": value for part, value in layer.state_dict().items()}
    write_projector(tensors, folder, Card(kind="projector"))
