"""A row of a table as token ids and labels: soundly, or as the original code has them."""

import logging

from transformers import PreTrainedTokenizerBase

from pipeline_lib.instruct.table import Conversation
from pipeline_lib.models.encode import encode, image_id
from pipeline_lib.models.faithful import encode_as_original
from pipeline_lib.prompts.base import Template, image_first

logger = logging.getLogger(__name__)


def encode_conversation(
    row: Conversation,
    tokenizer: PreTrainedTokenizerBase,
    template: Template,
    image_tokens: int,
    length: int,
    faithful: bool = False,
) -> tuple[list[int], list[int]]:
    """Return token ids and labels of a whole conversation, an image in it as so many tokens.

    `length` is to what they will be cut, by which the original decides where it trains nothing. Turns that the template
    cannot write raise PipelineError.
    """
    image = row.image is not None
    if faithful:
        found = encode_as_original(row.conversations, image, tokenizer, template, length)
        if found.mismatch:
            logger.warning("row %d is not trained: %d tokens counted, %d found", row.row, *found.mismatch)
        shown = found.shown(image_id(tokenizer), image_tokens)
        return shown.ids, shown.labels
    turns = image_first(row.conversations) if image else row.conversations
    return encode(template.conversation(turns), tokenizer, image_tokens if image else 0)
