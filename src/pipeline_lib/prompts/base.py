"""The interface of a template: a conversation as segments, each trained or not, with `<image>` for an image.

A template module has `conversation(turns)`, `prompt(turns)` and `original(turns)`. Turns are LLaVA's: `from` is human
or gpt, an empty `value` is a turn without its text yet, and `<image>` marks the position of an image.
"""

import re
from dataclasses import dataclass, replace
from typing import Callable, Protocol, Sequence

from pipeline_lib.core.errors import PipelineError

IMAGE = "<image>"
SPEAKERS = ("human", "gpt")

Turn = dict[str, str]


@dataclass(frozen=True)
class Segment:
    """A piece of the text, with a loss if `trained`. `<image>` in it stands for all tokens of the image.

    `spoken` pieces are the text of a turn: no word in them becomes a control token of the tokenizer.
    """

    text: str
    trained: bool = False
    spoken: bool = False


class Counts(Protocol):
    """Counts of the tokens of a single text, a beginning-of-sequence token included."""

    @property
    def legacy(self) -> bool:
        """Return whether the tokenizer adds a space after a special token."""

    def all(self, text: str) -> int:
        """Return the count of all tokens."""

    def visible(self, text: str) -> int:
        """Return the count without padding (`<unk>`), up to the longest length; with images, of all tokens."""


@dataclass(frozen=True)
class Masked:
    """The untrained slices of a text's tokens, and the sum of its parts' tokens where that counts."""

    slices: list[slice]
    counted: int | None = None


@dataclass(frozen=True)
class Original:
    """A conversation as the original code trains it: its text, and its labels by counts of tokens.

    With `pictured`, `<image>` is an image even in a row without one.
    """

    text: str
    masks: Callable[[Counts], Masked]
    pictured: bool = False


class Template(Protocol):
    """The functions of a template module; turns that do not fit the template raise PipelineError."""

    def conversation(self, turns: list[Turn]) -> list[Segment]:
        """Return the segments of a whole conversation."""

    def prompt(self, turns: list[Turn]) -> list[Segment]:
        """Return the segments of a conversation that ends where the next answer begins."""

    def original(self, turns: list[Turn]) -> Original:
        """Return the conversation as the original code trains it, mistakes included."""


def question(template: Template, text: str, images: int, rounds: Sequence[tuple[str, str]] = ()) -> list[Segment]:
    """Return the segments of a prompt for one question; its images go before it, separated by spaces.

    `rounds` are the answers that the question has already, each with what is asked after it; `<image>` in them is
    ordinary text. Source of the rule for several images: EvolvingLMMs-Lab/lmms-eval,
    `lmms_eval/models/simple/llava.py`.
    """
    shown = " ".join([IMAGE] * images)
    turns = [{"from": "human", "value": f"{shown}\n{text}" if images else text}]
    for answer, then in rounds:
        turns += [{"from": "gpt", "value": answer}, {"from": "human", "value": then}]
    segments = template.prompt(turns)
    if not (images and rounds):
        return segments
    after = 1 + next(number for number, segment in enumerate(segments) if IMAGE in segment.text)
    return segments[:after] + [piece for segment in segments[after:] for piece in _unpictured(segment)]


def _unpictured(segment: Segment) -> list[Segment]:
    """Return a segment in pieces none of which has `<image>`: together they are ordinary text."""
    middle = len(IMAGE) // 2
    pieces = re.split(f"(?<={IMAGE[:middle]})(?={IMAGE[middle:]})", segment.text)
    return [replace(segment, text=piece) for piece in pieces]


def image_turns(turns: list[Turn], images: int) -> list[Turn]:
    """Return the turns of a row with this many images, each placeholder where it is trained.

    Of several images, only one that is alone in its turn goes to the front. Source: LLaVA-VL/LLaVA-NeXT,
    `llava/train/train.py`, `preprocess_multimodal`.
    """
    if images < 2:
        return image_first(turns) if images else turns
    return [image_first([turn])[0] if turn["value"].count(IMAGE) == 1 else turn for turn in turns]


def image_first(turns: list[Turn]) -> list[Turn]:
    """Return the turns of a row with an image, the placeholder moved to the front of every turn that contains it.

    Source: haotian-liu/LLaVA c121f04, `llava/train/train.py`, `preprocess_multimodal`.
    """
    return [{**turn, "value": _image_first(turn["value"])} for turn in turns]


def _image_first(text: str) -> str:
    return f"{IMAGE}\n{text.replace(IMAGE, '').strip()}".strip() if IMAGE in text else text


def answered(turns: list[Turn]) -> list[Turn]:
    """Return the turns, with an empty answer appended if they end with a question."""
    return turns if turns and turns[-1]["from"] == "gpt" else [*turns, {"from": "gpt", "value": ""}]


def alternating(turns: list[Turn]) -> list[Turn]:
    """Return the turns without a first turn of gpt, which the original skips; the others must alternate."""
    spoken = turns[1:] if turns and turns[0]["from"] == "gpt" else turns
    for number, turn in enumerate(spoken):
        if turn["from"] != SPEAKERS[number % 2]:
            raise PipelineError(
                "turns do not alternate between human and gpt", value=turns[:3], cure="correct the row, or remove it"
            )
    return spoken


def spoken(text: str, trained: bool) -> Segment:
    """Return the segment of a turn's text."""
    return Segment(text, trained, spoken=True)


def without_original(name: str, segments: list[Segment]) -> Original:
    """Return a conversation by a template that LLaVA's original code lacks: its masks raise PipelineError."""

    def no_masks(counts: Counts) -> Masked:
        what = f"LLaVA's original code has no template {name}"
        raise PipelineError(what, value="as_original: true", cure="remove `as_original`")

    return Original(text_of(segments), no_masks)


def text_of(segments: list[Segment]) -> str:
    """Return the whole text of some segments."""
    return "".join(segment.text for segment in segments)
