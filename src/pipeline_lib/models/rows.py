"""Encode a row of a table as token ids and labels, by this project's rules or by those of LLaVA's original code."""

import logging
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.models.encode import encode, image_id
from pipeline_lib.models.original_labels import encode_as_original
from pipeline_lib.prompts.base import Template, image_first

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Encoding:
    """How rows are encoded: tokenizer, template, tokens per image, longest length, and whether as the original does.

    With `faithful`, the original's rules, the length also decides which rows are not trained.
    """

    tokenizer: PreTrainedTokenizerBase
    template: Template
    image_tokens: int
    length: int
    faithful: bool = False


def encode_conversation(row: Conversation, encoding: Encoding) -> tuple[list[int], list[int]]:
    """Return token ids and labels of a whole conversation, not truncated.

    Raises PipelineError for turns that the template cannot render.
    """
    image, tokenizer = row.image is not None, encoding.tokenizer
    if encoding.faithful:
        encoded = encode_as_original(row.conversations, image, tokenizer, encoding.template, encoding.length)
        if encoded.mismatch:
            logger.warning("row %d is not trained: %d tokens counted, %d in the row", row.row, *encoded.mismatch)
        shown = encoded.shown(image_id(tokenizer), encoding.image_tokens)
        return shown.ids, shown.labels
    turns = image_first(row.conversations) if image else row.conversations
    return encode(encoding.template.conversation(turns), tokenizer, encoding.image_tokens if image else 0)
