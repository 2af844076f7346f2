"""Recognises rows of LLaVA's JSON without a fault, many at once: nearly all rows are, and the checks are expensive.

A row that is not plain may still be usable: `row_faults` and `row_keys` decide.
"""

import operator
from typing import Any, Iterator, Sequence

from pipeline_lib.conversations.row_faults import SPEAKERS
from pipeline_lib.conversations.row_keys import PLACEHOLDER, READ, READ_IN_TURN
from pipeline_lib.conversations.source_rows import SourceRow
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.conversations.text_faults import text_fault
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.prompts.base import IMAGE

SPOKEN = operator.itemgetter("from", "value")


def plain_rows(rows: Sequence[SourceRow], images: ImageReader) -> Iterator[Conversation | None]:
    """Yield the conversation of every plain row, and None for every other row.

    A plain row has an id, no keys but those that the stage reads, no placeholder but that of its image anywhere in its
    turns, and at most one image, which is usable.
    """
    plain = [_is_plain(row.content) for row in rows]
    paths = [row.content.get("image") if is_plain else None for row, is_plain in zip(rows, plain, strict=True)]
    pins = images.pins([path for path in paths if path is not None])
    for row, is_plain, path in zip(rows, plain, paths, strict=True):
        pin = None if path is None else pins.get(path)
        if is_plain and (path is None or pin is not None):
            yield Conversation(row.number, row.content["id"], path, pin, row.content["conversations"])
        else:
            yield None


def _is_plain(raw: dict[str, Any]) -> bool:
    """Return whether a row is plain, except for its image, which may be absent."""
    turns, path, name = raw.get("conversations"), raw.get("image"), raw.get("id", 0)
    if type(turns) is not list or not turns or len(turns) % 2 or not raw.keys() <= READ:
        return False
    try:
        speakers, values = zip(*map(SPOKEN, turns), strict=True)
        text = "\n".join((name, "" if path is None else path, *values))
        keys = sum(map(len, turns))
    except (KeyError, TypeError, IndexError):  # a turn is no object or lacks a key, or a value is no text
        return False
    if keys > len(READ_IN_TURN) * len(turns) or speakers != SPEAKERS * (len(turns) // 2):
        return False
    return all(map(str.strip, values)) and not text_fault(text) and _shows(text, values[0], path)


def _shows(text: str, first: str, path: str | None) -> bool:
    """Return whether a row shows its image once, in its first turn beside other text, and has no other placeholder."""
    shown = text.count(IMAGE)
    if path is not None and not (IMAGE in first and first.replace(IMAGE, "").strip() and path.strip()):
        return False
    if "[" in text or text.count("<") > shown:
        return shown == (path is not None) and PLACEHOLDER.search(text.replace(IMAGE, "")) is None
    return shown == (path is not None)
