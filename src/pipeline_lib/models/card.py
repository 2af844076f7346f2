"""The card of a checkpoint: its kind, family, template and image shape, none of them guessed from a folder's name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ValidationError, field_validator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.core.plugins import PluginName
from pipeline_lib.core.settings import Settings
from pipeline_lib.core.text import pretty_json, read_object

NAME = "vlmflow.json"
FAMILY = "llava"  # of a card that states none: all cards did so before there were families

ModelKind = Literal["language", "clip", "vision", "vlm", "projector", "adapter"]
ImageShape = Literal["square", "pad"]
PixelShuffle = Literal["v1", "v2"]


class Card(Settings):
    """A checkpoint's kind and prompting; an adapter's card has the digests of the models that it was trained on.

    The kind `vlm` is a whole vision-language model of any `family`: a folder in pipeline_lib/families; `vision` is a
    tower that is no CLIP. `pixel_shuffle` is the order of the tokens of an image, in families that have several.
    """

    kind: ModelKind
    family: Annotated[str, PluginName("families", loaded=False)] = FAMILY
    template: str | None = None
    image_shape: ImageShape | None = None
    pixel_shuffle: PixelShuffle | None = None
    base: dict[str, str] = {}

    @field_validator("kind", mode="before")
    @classmethod
    def _former(cls, kind: Any) -> Any:
        return "vlm" if kind == "llava" else kind  # as cards called it before there were families


@dataclass(frozen=True)
class Stated:
    """What a study states about third-party files: what they hold, and what their card shall say."""

    holds: ModelKind
    template: str | None = None
    image_shape: ImageShape | None = None


def write_card(folder: Path, card: Card) -> None:
    """Write the card into a checkpoint's folder; what the first family lacks is not written: its cards stay equal."""
    content = card.model_dump(mode="json")
    if card.family == FAMILY:
        del content["family"]
    if card.pixel_shuffle is None:
        del content["pixel_shuffle"]
    write_text(folder / NAME, pretty_json(content))


def read_card(folder: Path) -> Card:
    """Return the card of a checkpoint; raise PipelineError for a folder without one."""
    if not (folder / NAME).exists():
        raise PipelineError(
            f"this checkpoint has no {NAME}", where=folder, cure="use one that a stage of this workflow wrote"
        )
    try:
        return Card.model_validate(read_object(folder / NAME))
    except ValidationError as error:
        raise PipelineError(f"{NAME} is not a checkpoint's card: {error}", where=folder / NAME) from error


def expect_kind(folder: Path, kind: str) -> Card:
    """Return the card of a checkpoint; raise PipelineError where it is not of `kind`."""
    card = read_card(folder)
    if card.kind != kind:
        raise PipelineError(f"expected a checkpoint of kind {kind}", where=folder, value=card.kind)
    return card
