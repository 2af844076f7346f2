"""Weights `pretrained`: third-party weights from a dataset.

Their metadata must agree with what the study states. Models in the hub's layout are linked and get a card; LLaVAs in
the original's layout, adapters and projectors are converted.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import PluginName
from pipeline_lib.weights.base import ModelKind, WeightsInputs, WeightsKind

Shape = Literal["square", "pad"]


class Settings(WeightsKind):
    """What the files hold and, for a LLaVA, its conversation template, which its files do not state."""

    kind: Literal["pretrained"]
    holds: ModelKind = Field(description="what the files hold")
    below: str = Field(default="", description="the folder of the dataset that holds them")
    template: Annotated[str, PluginName("prompts", loaded=False)] | None = Field(
        default=None, description="for a LLaVA: the conversation template"
    )
    image_shape: Shape | None = Field(
        default=None,
        description="for a LLaVA whose files do not state it: pad, images are padded to a square; square, cropped to "
        "the centre",
    )

    @model_validator(mode="after")
    def _llava_settings(self) -> Self:
        if (self.holds == "llava") != (self.template is not None):
            raise ValueError("`template` is required for a LLaVA and allowed for nothing else")
        if self.holds != "llava" and self.image_shape is not None:
            raise ValueError("`image_shape` is allowed for a LLaVA only")
        return self

    def model_kind(self) -> ModelKind:
        """Return the kind of model that these weights are."""
        return self.holds

    def model_template(self) -> str | None:
        """Return the conversation template."""
        return self.template

    def origin(self, inputs: WeightsInputs, seed: int) -> dict[str, Any]:
        """Return the source of the tensors, and the weights files that are not read."""
        from pipeline_lib.checkpoints.unused import unused_files

        return {"tensors": "files of the dataset", "unused_files": unused_files(self.files(inputs), self.holds)}

    def files(self, inputs: WeightsInputs) -> dict[str, Path]:
        """Return the files of the model by their paths relative to its folder."""
        prefix = f"{self.below.strip('/')}/" if self.below else ""
        return {name.removeprefix(prefix): path for name, path in inputs.files.items() if name.startswith(prefix)}

    def takes_tower(self) -> bool:
        """Return whether the tower may come from another model: the original's layout holds none."""
        return self.holds == "llava"


def make(settings: Settings, inputs: WeightsInputs, seed: int, folder: Path) -> None:
    """Write the model into a new folder, linked or converted, with a card."""
    from pipeline_lib.checkpoints.adapters import convert_adapter
    from pipeline_lib.checkpoints.detect import expect_holds, holds_original
    from pipeline_lib.checkpoints.projectors import convert_projector
    from pipeline_lib.checkpoints.unused import expect_one_copy

    files = settings.files(inputs)
    expect_holds(files, settings.holds)
    expect_one_copy(files)
    if settings.holds == "projector":
        convert_projector(files, folder)
    elif settings.holds == "adapter":
        convert_adapter(files, folder)
    elif settings.holds == "llava" and holds_original(files):
        _convert_original(settings, files, inputs.tower, folder)
    else:
        _link_all(settings, files, inputs.tower, folder)


def _convert_original(settings: Settings, files: dict[str, Path], tower: Path | None, folder: Path) -> None:
    from pipeline_lib.checkpoints.detect import CONFIG, config_of
    from pipeline_lib.checkpoints.original import convert_original
    from pipeline_lib.checkpoints.original_config import image_shape
    from pipeline_lib.checkpoints.tower import named_tower
    from pipeline_lib.models.card import Card

    config = config_of(files)
    if tower is None:
        raise PipelineError(
            "this LLaVA is in the original's layout, which does not contain the vision tower",
            where=f"{files[CONFIG]}: mm_vision_tower", value=named_tower(config),
            cure="add weights of that CLIP model to the study, and set `tower` of these weights to their name",
        )  # fmt: skip
    shape = _agreed(settings.image_shape, image_shape(config, files[CONFIG]), files[CONFIG])
    convert_original(files, tower, Card(kind="llava", template=settings.template, image_shape=shape), folder)


def _link_all(settings: Settings, files: dict[str, Path], tower: Path | None, folder: Path) -> None:
    from pipeline_lib.checkpoints.detect import CONFIG
    from pipeline_lib.checkpoints.hub import check_hub, stated_shape
    from pipeline_lib.models.card import NAME, Card, read_card, write_card

    if tower is not None:
        raise PipelineError(
            "this LLaVA is in the hub's layout, which contains its vision tower", where=files[CONFIG],
            cure="remove `tower`; a training with the recipe `assemble` can replace the tower",
        )  # fmt: skip
    check_hub(files)
    stated = (
        read_card(files[NAME].parent) if NAME in files else Card(kind=settings.holds, image_shape=stated_shape(files))
    )
    for name, path in files.items():
        if name != NAME:
            _link(path, folder / name)
    card = Card(kind=settings.holds)
    if settings.holds == "llava":
        shape = _agreed(settings.image_shape, stated.image_shape, files[CONFIG].parent)
        if stated.template not in (None, settings.template):
            raise PipelineError(
                "this model was trained with another template", where=files[NAME], value=settings.template,
                cure=f"write `template: {stated.template}`",
            )  # fmt: skip
        card = Card(kind="llava", template=settings.template, image_shape=shape)
    write_card(folder, card)


def _agreed(in_study: Shape | None, in_files: Shape | None, where: Path) -> Shape:
    """Return the image shape of a LLaVA; raise PipelineError where study and files both lack it or disagree."""
    shape = in_files or in_study
    if shape is None:
        raise PipelineError(
            "neither the study nor these files state the image shape of this LLaVA", where=where,
            cure="write `image_shape: pad` (LLaVA-1.5 after its second stage) or `image_shape: square`",
        )  # fmt: skip
    if in_study is not None and in_files is not None and in_study != in_files:
        raise PipelineError(
            "the files of this LLaVA state another image shape", where=where, value=f"image_shape: {in_study}",
            cure=f"write `image_shape: {in_files}`, or omit it",
        )  # fmt: skip
    return shape


def _link(source: Path, target: Path) -> None:
    """Make `target` a hard link, or a symbolic link where the source is on another disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    real = source.resolve()
    try:
        os.link(real, target)
    except OSError:
        target.symlink_to(real)
