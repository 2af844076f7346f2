"""Validation of rows of LLaVA's JSON: each fault is a reason with the refused value. Reasons are stored."""

import itertools
import json
from typing import Any, Iterator

from pipeline_lib.conversations.row_keys import unread_media, unread_placeholder
from pipeline_lib.conversations.text_faults import escaped, text_fault
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.prompts.base import IMAGE

SPEAKERS = ("human", "gpt")
SHOWN = 60  # characters of a refused value


def row_fault(raw: dict[str, Any], images: ImageReader) -> str:
    """Return the first reason why a row cannot be used, empty for a usable row."""
    return next(_faults(raw, images), "")


def named_images(raw: dict[str, Any]) -> list[Any]:
    """Return what a row names as its images; `image` is a path, or a list of the paths of several images."""
    image = raw.get("image")
    return image if isinstance(image, list) else [] if image is None else [image]


def shown(value: Any) -> str:
    """Return the beginning of a value as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return escaped(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")


def _faults(raw: dict[str, Any], images: ImageReader) -> Iterator[str]:
    media = unread_media(raw)
    if media:
        yield f"`{shown(media)}` names media, and is not read"
    yield from _turn_faults(raw.get("conversations"))
    turns: list[dict[str, str]] = raw["conversations"]
    yield from _media_faults(turns)
    texts = [raw.get("id"), *named_images(raw), *(turn["value"] for turn in turns)]
    if text_fault("".join(text for text in texts if isinstance(text, str))):  # one search for all texts of most rows
        yield from _text_faults(raw, turns)
    yield from _image_faults(raw, turns, images)


def _turn_faults(turns: Any) -> Iterator[str]:
    if not isinstance(turns, list):
        yield f"`conversations` is not a list of pairs of turns ({shown(turns)})"
        return
    yield from filter(None, map(_turn_fault, itertools.count(), turns))
    if not turns or len(turns) % 2:
        yield f"`conversations` is not a list of pairs of turns ({len(turns)} turns)"


def _turn_fault(number: int, turn: Any) -> str:
    speaker = SPEAKERS[number % 2]
    if not isinstance(turn, dict):
        return f"turn {number} is no object ({shown(turn)})"
    if turn.get("from") != speaker:
        return f"turns do not alternate between human and gpt (turn {number} is from {shown(turn.get('from'))})"
    if "value" not in turn:
        return f"the turn of {speaker} has no `value`"
    if not isinstance(turn["value"], str):
        return f"the turn of {speaker} is no text ({shown(turn['value'])})"
    return "" if turn["value"].replace(IMAGE, "").strip() else f"an empty turn of {speaker}"


def _text_faults(raw: dict[str, Any], turns: list[dict[str, str]]) -> Iterator[str]:
    for name, text in (("id", raw.get("id")), *(("image", path) for path in named_images(raw)), *_texts(turns)):
        if isinstance(text, str) and text_fault(text):
            yield f"text that Parquet cannot store, in {name}: {text_fault(text)}"


def _texts(turns: list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    return ((f"the turn of {turn['from']}", turn["value"]) for turn in turns)


def _media_faults(turns: list[dict[str, str]]) -> Iterator[str]:
    for turn in turns[::2]:
        placeholder = unread_placeholder(turn["value"])
        if placeholder:
            yield f"{placeholder} stands for unread media"


def _image_faults(raw: dict[str, Any], turns: list[dict[str, str]], images: ImageReader) -> Iterator[str]:
    paths = named_images(raw)
    if any(not isinstance(path, str) for path in paths):
        yield f"`image` is neither a path nor a list of paths ({shown(raw['image'])})"
    elif any(not path.strip() for path in paths):
        yield "`image` is an empty path"
    else:
        yield from _placeholder_faults(len(paths), turns)
        yield from (images.why_not(path) for path in paths if path not in images)


def _placeholder_faults(images: int, turns: list[dict[str, str]]) -> Iterator[str]:
    """Yield what is wrong with the `<image>` of a row: a single one is in the first turn, as LLaVA's data have it."""
    in_questions, answered = ("\n".join([turn["value"] for turn in turns[side::2]]).count(IMAGE) for side in (0, 1))
    if not images and in_questions + answered:
        yield f"{IMAGE} without an image"
    elif images == 1 and (in_questions + answered != 1 or IMAGE not in turns[0]["value"]):
        yield f"expected {IMAGE} once, in the first turn"
    elif images > 1 and (in_questions != images or answered):
        counts = f"{in_questions}, and {answered} in answers"
        yield f"expected {IMAGE} in turns of human, {images} times, once for each image ({counts})"
