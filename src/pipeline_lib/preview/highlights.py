"""A row as text again, in parts: what is trained, what is not, what is cut off; an image is one part."""

from itertools import groupby
from typing import Any

from transformers import PreTrainedTokenizerBase

from pipeline_lib.models.encode import IGNORED
from pipeline_lib.models.encoded import Encoded

Part = dict[str, Any]  # kind: context, trained, image or cut; text; tokens


def parts_of(encoded: Encoded, tokenizer: PreTrainedTokenizerBase, image_id: int) -> list[Part]:
    """Return the parts of a row in their order; the text of an image is empty, and their tokens sum up to the row's."""
    ids = [*encoded.ids, *encoded.whole_ids[len(encoded.ids) :]]
    kinds = [_kind(encoded, place, image_id) for place in range(len(ids))]
    parts: list[Part] = []
    before, end = "", 0
    for kind, places in groupby(kinds):
        count = len(list(places))
        end += count
        until = _text([number for number in ids[:end] if number != image_id], tokenizer)
        parts.append({"kind": kind, "text": until[len(before) :], "tokens": count})
        before = until
    return parts


def _kind(encoded: Encoded, place: int, image_id: int) -> str:
    if place >= len(encoded.ids):
        return "cut"
    if encoded.ids[place] == image_id:
        return "image"
    return "context" if encoded.labels[place] == IGNORED else "trained"


def _text(ids: list[int], tokenizer: PreTrainedTokenizerBase) -> str:
    """Return the text of a beginning of a row: the end alone would lose a space in some tokenizers."""
    text: str = tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return text
