"""An encoded row decoded to text, in parts: context, trained, cut off; an image is one part."""

from itertools import groupby
from typing import Any

from transformers import PreTrainedTokenizerBase

from pipeline_lib.models.encode import IGNORED
from pipeline_lib.models.encoded import Encoded

Part = dict[str, Any]  # kind: context, trained, image or cut; text; tokens


def parts_of(encoded: Encoded, tokenizer: PreTrainedTokenizerBase, image_id: int) -> list[Part]:
    """Return the parts of a row in order; the text of an image is empty. Their tokens add up to those of the row."""
    ids = [*encoded.ids, *encoded.whole_ids[len(encoded.ids) :]]
    kinds = [_kind(encoded, position, image_id) for position in range(len(ids))]
    parts: list[Part] = []
    before, end = "", 0
    for kind, run in groupby(kinds):
        count = len(list(run))
        end += count
        until = _text([number for number in ids[:end] if number != image_id], tokenizer)
        parts.append({"kind": kind, "text": until[len(before) :], "tokens": count})
        before = until
    return parts


def _kind(encoded: Encoded, position: int, image_id: int) -> str:
    if position >= len(encoded.ids):
        return "cut"
    if encoded.ids[position] == image_id:
        return "image"
    return "context" if encoded.labels[position] == IGNORED else "trained"


def _text(ids: list[int], tokenizer: PreTrainedTokenizerBase) -> str:
    """Return the text of the beginning of a row; some tokenizers drop the first space of a text that begins later."""
    text: str = tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return text
