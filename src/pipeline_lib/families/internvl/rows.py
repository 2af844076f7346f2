"""Encode a row as InternVL's token ids and labels, and truncate it without splitting an image."""

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.internvl.tokens import InternvlTokens
from pipeline_lib.models.encoded import Encoded, RowRules
from pipeline_lib.prompts.base import IMAGE, Turn

Row = tuple[list[int], list[int]]  # token ids and their labels


def encoded_row(tokens: InternvlTokens, row: Conversation, rules: RowRules) -> Encoded:
    """Return a conversation as tokens, whole and truncated; every image is where the row has its `<image>`."""
    if rules.as_original:
        raise PipelineError("LLaVA's original code has no InternVL", value="as_original: true", cure="leave it out")
    turns = shown_turns(row.conversations, len(row.images))
    whole = tokens.encode(rules.template.conversation(turns), len(row.images))
    return Encoded(*cut(*whole, rules.length, tokens.image), *whole)


def shown_turns(turns: list[Turn], images: int) -> list[Turn]:
    """Return the turns of a row; an image without a placeholder is before the first turn's text.

    Source: OpenGVLab/InternVL 2410d1d, `multi_modal_get_item` of `internvl_chat/internvl/train`.
    """
    if not images or any(IMAGE in turn["value"] for turn in turns):
        return turns
    return [{**turns[0], "value": f"{IMAGE}\n{turns[0]['value']}"}, *turns[1:]]


def cut(ids: list[int], labels: list[int], length: int, image: list[int]) -> Row:
    """Return the first `length` tokens, without an image at the cut.

    The original draws another row instead, at random and without a seed.
    """
    end = min(len(ids), length)
    split = [start for start in range(max(0, end - len(image) + 1), end) if ids[start] == image[0]]
    if split and len(ids) > end:
        end = split[0]
    return ids[:end], labels[:end]
