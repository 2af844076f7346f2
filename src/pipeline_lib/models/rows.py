"""A row of a table as token ids and labels: soundly, or as the original code has them."""

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
    """How rows become tokens: in which words, with how many tokens for an image, cut to which length, by whose rules.

    By the original's rules, `faithful`, the length also decides where nothing is trained.
    """

    tokenizer: PreTrainedTokenizerBase
    template: Template
    image_tokens: int
    length: int
    faithful: bool = False


def encode_conversation(row: Conversation, how: Encoding) -> tuple[list[int], list[int]]:
    """Return token ids and labels of a whole conversation, not cut.

    Turns that the template cannot write raise PipelineError.
    """
    image = row.image is not None
    if how.faithful:
        found = encode_as_original(row.conversations, image, how.tokenizer, how.template, how.length)
        if found.mismatch:
            logger.warning("row %d is not trained: %d tokens counted, %d found", row.row, *found.mismatch)
        shown = found.shown(image_id(how.tokenizer), how.image_tokens)
        return shown.ids, shown.labels
    turns = image_first(row.conversations) if image else row.conversations
    return encode(how.template.conversation(turns), how.tokenizer, how.image_tokens if image else 0)
