"""From segments to token ids and labels: the image's place is filled with one token for each feature of the tower."""

from functools import lru_cache

from transformers import PreTrainedTokenizerBase

from pipeline_lib.prompts.base import IMAGE, Segment

IGNORED = -100  # label of a token that carries no loss


def encode(
    segments: list[Segment], tokenizer: PreTrainedTokenizerBase, image_tokens: int
) -> tuple[list[int], list[int]]:
    """Return token ids and labels of the segments, each tokenised by itself, after one beginning-of-sequence token."""
    ids, labels = [int(tokenizer.bos_token_id)], [IGNORED]
    for segment in segments:
        if segment.text == IMAGE:
            piece = [int(tokenizer.convert_tokens_to_ids(IMAGE))] * image_tokens
        else:
            piece = _ids(tokenizer, segment.text)
        ids += piece
        labels += piece if segment.trained else [IGNORED] * len(piece)
    return ids, labels


@lru_cache(maxsize=100_000)
def _ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Return the ids of a text; system prompts and short answers come again and again."""
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False)
    return ids
