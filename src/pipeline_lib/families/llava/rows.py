"""Encode a row as LLaVA's token ids and labels, by this project's rules or by those of LLaVA's original code."""

import logging
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.llava.original_labels import encode_as_original
from pipeline_lib.families.llava.truncation import ImageTokens, cut, cut_as_original
from pipeline_lib.models.encode import encode
from pipeline_lib.models.encoded import Encoded
from pipeline_lib.prompts.base import IMAGE, Template, image_turns

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Encoding:
    """How rows are encoded: tokenizer, template, tokens per image, longest length, and whether as the original does.

    With `as_original`, the original's rules, the length also decides which rows are not trained.
    """

    tokenizer: PreTrainedTokenizerBase
    template: Template
    image_tokens: int
    length: int
    as_original: bool = False


def encode_conversation(row: Conversation, encoding: Encoding) -> tuple[list[int], list[int]]:
    """Return token ids and labels of a whole conversation, not truncated.

    Raises PipelineError for turns that the template cannot render, and with `as_original` for several images.
    """
    images, tokenizer = len(row.images), encoding.tokenizer
    if encoding.as_original and images > 1:
        raise PipelineError(
            "LLaVA's original code trains on one image in a row",
            where=f"row {row.row}",
            value=f"{images} images",
            cure="remove `as_original: true` from the recipe, or the row",
        )
    if encoding.as_original:
        encoded = encode_as_original(row.conversations, images > 0, tokenizer, encoding.template, encoding.length)
        if encoded.mismatch:
            logger.warning("row %d is not trained: %d tokens counted, %d in the row", row.row, *encoded.mismatch)
        shown = encoded.shown(_image_id(encoding), encoding.image_tokens)
        return shown.ids, shown.labels
    turns = image_turns(row.conversations, images)
    tokens = [[_image_id(encoding)] * encoding.image_tokens] * images
    return encode(encoding.template.conversation(turns), tokenizer, tokens)


def encoded_row(row: Conversation, encoding: Encoding) -> Encoded:
    """Return a conversation as tokens, whole and truncated; with `as_original`, truncated as the original does."""
    whole = encode_conversation(row, encoding)
    image = ImageTokens(_image_id(encoding), encoding.image_tokens) if row.images else None
    if encoding.as_original:
        return Encoded(*cut_as_original(*whole, encoding.length, image, int(encoding.tokenizer.unk_token_id)), *whole)
    return Encoded(*cut(*whole, encoding.length, image), *whole)


def _image_id(encoding: Encoding) -> int:
    return int(encoding.tokenizer.convert_tokens_to_ids(IMAGE))
