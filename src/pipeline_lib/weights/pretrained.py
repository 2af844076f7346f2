"""Weights `pretrained`: files that others trained, from a dataset.

What they are, their metadata say, and must be what the study says. Models in the hub's layout are linked where they lie
and given a card; a LLaVA in the original's layout, adapters and projectors are converted.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import Registered
from pipeline_lib.weights.base import ModelKind, WeightsInputs, WeightsKind

Shape = Literal["square", "pad"]


class Settings(WeightsKind):
    """What the files are, and for a LLaVA how it is spoken to, which its files do not say."""

    kind: Literal["pretrained"]
    holds: ModelKind = Field(description="what the files are")
    below: str = Field(default="", description="the folder of the dataset that they lie in")
    template: Annotated[str, Registered("prompts")] | None = Field(
        default=None, description="of a LLaVA: the conversation template"
    )
    image_shape: Shape | None = Field(
        default=None,
        description="of a LLaVA, where its files do not tell: pad, padded to a square; square, the middle is cropped",
    )

    @model_validator(mode="after")
    def _spoken_to(self) -> Self:
        if (self.holds == "llava") != (self.template is not None):
            raise ValueError("`template` is given for a LLaVA, and for nothing else")
        if self.holds != "llava" and self.image_shape is not None:
            raise ValueError("`image_shape` is given for a LLaVA, and for nothing else")
        return self

    def model_kind(self) -> ModelKind:
        """Return what these weights are."""
        return self.holds

    def model_template(self) -> str | None:
        """Return the conversation template."""
        return self.template

    def origin(self, given: WeightsInputs, seed: int) -> dict[str, Any]:
        """Return that the tensors come from files, and the files of tensors that nobody reads."""
        from pipeline_lib.checkpoints.unused import unused_files

        return {"tensors": "files of the dataset", "unused_files": unused_files(self.files(given), self.holds)}

    def files(self, given: WeightsInputs) -> dict[str, Path]:
        """Return the files of the model by their names below its folder."""
        prefix = f"{self.below.strip('/')}/" if self.below else ""
        return {name.removeprefix(prefix): path for name, path in given.files.items() if name.startswith(prefix)}

    def takes_tower(self) -> bool:
        """Return whether the tower of these weights may be that of others: the original's layout holds none."""
        return self.holds == "llava"


def make(settings: Settings, given: WeightsInputs, seed: int, folder: Path) -> None:
    """Write the model of the files into a new folder, linked or converted, with a card."""
    from pipeline_lib.checkpoints.adapters import convert_adapter
    from pipeline_lib.checkpoints.detect import expect_holds, holds_original
    from pipeline_lib.checkpoints.projectors import convert_projector
    from pipeline_lib.checkpoints.unused import expect_one_copy

    files = settings.files(given)
    expect_holds(files, settings.holds)
    expect_one_copy(files)
    if settings.holds == "projector":
        convert_projector(files, folder)
    elif settings.holds == "adapter":
        convert_adapter(files, folder)
    elif settings.holds == "llava" and holds_original(files):
        _convert_original(settings, files, given.tower, folder)
    else:
        _link_all(settings, files, given.tower, folder)


def _convert_original(settings: Settings, files: dict[str, Path], tower: Path | None, folder: Path) -> None:
    from pipeline_lib.checkpoints.detect import CONFIG, config_of
    from pipeline_lib.checkpoints.original import convert_original
    from pipeline_lib.checkpoints.original_config import image_shape
    from pipeline_lib.checkpoints.tower import named_tower
    from pipeline_lib.models.card import Card

    config = config_of(files)
    if tower is None:
        raise PipelineError(
            "this LLaVA is in the original's layout, which leaves its vision tower to another folder",
            where=f"{files[CONFIG]}: mm_vision_tower", value=named_tower(config),
            cure="add weights of that CLIP model to the study, and name them as `tower` of these weights",
        )  # fmt: skip
    shape = _agreed(settings.image_shape, image_shape(config, files[CONFIG]), files[CONFIG])
    convert_original(files, tower, Card(kind="llava", template=settings.template, image_shape=shape), folder)


def _link_all(settings: Settings, files: dict[str, Path], tower: Path | None, folder: Path) -> None:
    from pipeline_lib.checkpoints.detect import CONFIG
    from pipeline_lib.checkpoints.hub import check_hub, told_shape
    from pipeline_lib.models.card import NAME, Card, read_card, write_card

    if tower is not None:
        raise PipelineError(
            "this LLaVA is in the hub's layout and brings its vision tower", where=files[CONFIG],
            cure="remove `tower`; a training with the recipe `assemble` puts another tower in",
        )  # fmt: skip
    check_hub(files)
    told = read_card(files[NAME].parent) if NAME in files else Card(kind=settings.holds, image_shape=told_shape(files))
    for name, path in files.items():
        if name != NAME:
            _link(path, folder / name)
    card = Card(kind=settings.holds)
    if settings.holds == "llava":
        shape = _agreed(settings.image_shape, told.image_shape, files[CONFIG].parent)
        if told.template not in (None, settings.template):
            raise PipelineError(
                "this model was trained with another template", where=files[NAME], value=settings.template,
                cure=f"write `template: {told.template}`",
            )  # fmt: skip
        card = Card(kind="llava", template=settings.template, image_shape=shape)
    write_card(folder, card)


def _agreed(said: Shape | None, told: Shape | None, where: Path) -> Shape:
    """Return how a LLaVA is shown images, by the study or by its files; both silent or at odds raise PipelineError."""
    shape = told or said
    if shape is None:
        raise PipelineError(
            "neither the study nor these files say how this LLaVA is shown images", where=where,
            cure="write `image_shape: pad` (LLaVA-1.5 after its second stage) or `image_shape: square`",
        )  # fmt: skip
    if said is not None and told is not None and said != told:
        raise PipelineError(
            "this LLaVA is shown images in another way, say its files", where=where, value=f"image_shape: {said}",
            cure=f"write `image_shape: {told}`, or leave it out",
        )  # fmt: skip
    return shape


def _link(source: Path, target: Path) -> None:
    """Make `target` the same file, or point to it where it lies on another disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    real = source.resolve()
    try:
        os.link(real, target)
    except OSError:
        target.symlink_to(real)
