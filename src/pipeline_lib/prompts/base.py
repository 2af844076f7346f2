"""What every template offers: a conversation as segments, each trained or not, with the image's place marked.

A template module has `conversation(turns)` and `question(text, image)`.
"""

from dataclasses import dataclass
from typing import Protocol

IMAGE = "<image>"


@dataclass(frozen=True)
class Segment:
    """A piece of the text; `trained` pieces carry the loss. The piece `IMAGE` stands for all tokens of the image."""

    text: str
    trained: bool = False


class Template(Protocol):
    """The functions of a template module."""

    def conversation(self, turns: list[dict[str, str]]) -> list[Segment]:
        """Return the segments of a whole conversation."""

    def question(self, text: str, image: bool) -> list[Segment]:
        """Return the segments of a prompt that ends where the answer begins."""


def split_image(text: str) -> list[Segment]:
    """Return `text` as untrained segments, split at the image placeholder."""
    parts: list[Segment] = []
    for number, piece in enumerate(text.split(IMAGE)):
        if number:
            parts.append(Segment(IMAGE))
        if piece:
            parts.append(Segment(piece))
    return parts


def text_of(segments: list[Segment]) -> str:
    """Return the whole text of some segments."""
    return "".join(segment.text for segment in segments)
