"""Take third-party files as a checkpoint: link a model in the hub's layout, convert others, and write the card.

Their metadata must agree with what the study states.
"""

from pathlib import Path

from pipeline_lib.checkpoints.file_names import ADAPTER_CONFIG, CONFIG
from pipeline_lib.checkpoints.linking import link_files
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.llava.layouts.adapters import convert_adapter, stated_card
from pipeline_lib.families.llava.layouts.detect import Files, config_of, expect_holds, holds_original
from pipeline_lib.families.llava.layouts.hub import check_hub, stated_shape
from pipeline_lib.families.llava.layouts.original import convert_original
from pipeline_lib.families.llava.layouts.original_config import image_shape
from pipeline_lib.families.llava.layouts.projectors import convert_projector
from pipeline_lib.families.llava.layouts.tower import named_tower
from pipeline_lib.families.llava.layouts.unused import expect_one_copy
from pipeline_lib.models.card import NAME, Card, ImageShape, Stated, read_card, write_card


def take_files(files: Files, stated: Stated, tower: Path | None, folder: Path) -> None:
    """Write the model into a new folder, linked or converted, with a card."""
    expect_holds(files, stated.holds)
    expect_one_copy(files)
    if stated.holds == "projector":
        convert_projector(files, folder)
    elif stated.holds == "adapter":
        where = files[ADAPTER_CONFIG].parent
        convert_adapter(files, _agreed_card(stated, stated_card(files), where), folder)
    elif stated.holds == "vlm" and holds_original(files):
        _convert_original(stated, files, tower, folder)
    else:
        _link_all(stated, files, tower, folder)


def _convert_original(stated: Stated, files: Files, tower: Path | None, folder: Path) -> None:
    config = config_of(files)
    if tower is None:
        raise PipelineError(
            "this LLaVA is in the original's layout, which does not contain the vision tower",
            where=f"{files[CONFIG]}: mm_vision_tower", value=named_tower(config),
            cure="add weights of that CLIP model to the study, and set `tower` of these weights to their name",
        )  # fmt: skip
    shape = _agreed(stated.image_shape, image_shape(config, files[CONFIG]), files[CONFIG])
    convert_original(files, tower, Card(kind="vlm", template=stated.template, image_shape=shape), folder)


def _link_all(stated: Stated, files: Files, tower: Path | None, folder: Path) -> None:
    if tower is not None:
        raise PipelineError(
            "this LLaVA is in the hub's layout, which contains its vision tower", where=files[CONFIG],
            cure="remove `tower`; a training with the recipe `assemble` can replace the tower",
        )  # fmt: skip
    check_hub(files)
    in_files = (
        read_card(files[NAME].parent) if NAME in files else Card(kind=stated.holds, image_shape=stated_shape(files))
    )
    link_files({name: path for name, path in files.items() if name != NAME}, folder)
    whole = stated.holds == "vlm"
    write_card(folder, _agreed_card(stated, in_files, files[CONFIG].parent) if whole else Card(kind=stated.holds))


def _agreed_card(stated: Stated, in_files: Card, where: Path) -> Card:
    """Return the card of a LLaVA or an adapter; raise PipelineError where study and files disagree."""
    if in_files.template not in (None, stated.template):
        raise PipelineError(
            "this model was trained with another template", where=where / NAME, value=stated.template,
            cure=f"write `template: {in_files.template}`",
        )  # fmt: skip
    shape = _agreed(stated.image_shape, in_files.image_shape, where)
    return Card(kind=stated.holds, template=stated.template, image_shape=shape, base=in_files.base)


def _agreed(in_study: ImageShape | None, in_files: ImageShape | None, where: Path) -> ImageShape:
    """Return the image shape of a model; raise PipelineError where study and files both lack it or disagree."""
    shape = in_files or in_study
    if shape is None:
        raise PipelineError(
            "neither the study nor these files state the image shape of this model", where=where,
            cure="write `image_shape: pad` (LLaVA-1.5 after its second stage) or `image_shape: square`",
        )  # fmt: skip
    if in_study is not None and in_files is not None and in_study != in_files:
        raise PipelineError(
            "the files of this model state another image shape", where=where, value=f"image_shape: {in_study}",
            cure=f"write `image_shape: {in_files}`, or omit it",
        )  # fmt: skip
    return shape
