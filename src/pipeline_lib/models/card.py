"""The card of a checkpoint: its kind, template and image shape, which are never guessed from a folder's name."""

from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.core.settings import Settings
from pipeline_lib.core.text import pretty_json, read_object

NAME = "vlmflow.json"


class Card(Settings):
    """A checkpoint's kind and prompting; an adapter's card has the digests of the models that it was trained on."""

    kind: Literal["language", "clip", "llava", "projector", "adapter"]
    template: str | None = None
    image_shape: Literal["square", "pad"] | None = None
    base: dict[str, str] = {}


def write_card(folder: Path, card: Card) -> None:
    """Write the card into a checkpoint's folder."""
    write_text(folder / NAME, pretty_json(card.model_dump(mode="json")))


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
