"""Weights `pretrained`: files that others trained, from a dataset, used where they lie and given a card.

A language model, a CLIP model or a LLaVA is in the hub's layout. A projector is the `mm_projector.bin` of
haotian-liu/LLaVA c121f04, whose tensors get the hub's names.
"""

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.weights.base import Given, ModelKind, WeightsKind

PROJECTOR_FILE = "mm_projector.bin"
PROJECTOR_NAMES = {  # how the original's names end, and the hub's
    "mm_projector.0.weight": "linear_1.weight",
    "mm_projector.0.bias": "linear_1.bias",
    "mm_projector.2.weight": "linear_2.weight",
    "mm_projector.2.bias": "linear_2.bias",
}


class Settings(WeightsKind):
    """What the files are, and for a LLaVA how it is spoken to, which its files do not say."""

    kind: Literal["pretrained"]
    holds: ModelKind = Field(description="what the files are")
    below: str = Field(default="", description="the folder of the dataset that they lie in")
    template: str | None = Field(default=None, description="of a LLaVA: the conversation template")
    image_shape: Literal["square", "pad"] | None = Field(
        default=None, description="of a LLaVA: pad, padded to a square; square, the middle is cropped"
    )

    @model_validator(mode="after")
    def _spoken_to(self) -> Self:
        if (self.holds == "llava") != (self.template is not None and self.image_shape is not None):
            raise ValueError("`template` and `image_shape` are given for a LLaVA, and for nothing else")
        return self

    def model_kind(self) -> ModelKind:
        """Return what these weights are."""
        return self.holds

    def model_template(self) -> str | None:
        """Return the conversation template."""
        return self.template


def make(settings: Settings, given: Given, seed: int, folder: Path) -> None:
    """Link the files into a new folder beside a card; a projector is written anew."""
    from pipeline_lib.models.card import Card, write_card

    prefix = f"{settings.below.strip('/')}/" if settings.below else ""
    files = {name.removeprefix(prefix): path for name, path in given.files.items() if name.startswith(prefix)}
    if settings.holds == "projector":
        _convert_projector(files, folder)
        return
    if "config.json" not in files:
        raise PipelineError(
            "these files are no model: there is no config.json",
            where=settings.below or "the dataset",
            value=sorted(files)[:5],
            cure="name the folder with config.json as `below`",
        )
    for name, path in files.items():
        _link(path, folder / name)
    card = Card(kind=settings.holds, template=settings.template, image_shape=settings.image_shape)
    write_card(folder, card)


def _convert_projector(files: dict[str, Path], folder: Path) -> None:
    import torch

    from pipeline_lib.models.card import Card
    from pipeline_lib.models.projector import MODULE, write_projector

    path = files.get(PROJECTOR_FILE)
    if path is None:
        raise PipelineError(f"there is no {PROJECTOR_FILE}", value=sorted(files)[:5])
    tensors = torch.load(path, map_location="cpu", weights_only=True)
    found = {}
    for name, tensor in tensors.items():
        ending = next((new for old, new in PROJECTOR_NAMES.items() if name.endswith(old)), None)
        if ending is None:
            raise PipelineError("this tensor is of no projector with two layers", where=path, value=name)
        found[f"model.{MODULE}.{ending}"] = tensor
    missing = sorted({f"model.{MODULE}.{name}" for name in PROJECTOR_NAMES.values()} - set(found))
    if missing:
        raise PipelineError("this projector lacks tensors", where=path, value=missing)
    write_projector(found, folder, Card(kind="projector"))


def _link(source: Path, target: Path) -> None:
    """Make `target` the same file, or point to it where it lies on another disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    real = source.resolve()
    try:
        os.link(real, target)
    except OSError:
        target.symlink_to(real)
