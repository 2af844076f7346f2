"""From segments to token ids and labels: the image's place is filled with one token for each feature of the tower.

The text between two images is tokenised as a whole, as haotian-liu/LLaVA c121f04 does (`llava/mm_utils.py`,
`tokenizer_image_token`): a sentencepiece tokenizer begins each of these chunks with a space of its own.
"""

import json
from functools import lru_cache

from tokenizers import Encoding, Tokenizer
from transformers import PreTrainedTokenizerBase

from pipeline_lib.models.tokenizer import PAD
from pipeline_lib.prompts.base import IMAGE, Segment

IGNORED = -100  # label of a token that carries no loss


def encode(
    segments: list[Segment], tokenizer: PreTrainedTokenizerBase, image_tokens: int
) -> tuple[list[int], list[int]]:
    """Return token ids and labels of the segments, after one beginning-of-sequence token.

    A token is trained where its first character is. Without image tokens, `<image>` is text as any other.
    """
    ids, labels = [int(tokenizer.bos_token_id)], [IGNORED]
    for number, chunk in enumerate(_chunks(segments, image_tokens > 0)):
        if number:
            ids += [image_id(tokenizer)] * image_tokens
            labels += [IGNORED] * image_tokens
        found = tokenise(tokenizer, "".join(segment.text for segment in chunk))
        trained = b"".join(bytes([segment.trained]) * len(segment.text) for segment in chunk)
        ids += found.ids
        labels += [
            token if trained[start] else IGNORED for token, (start, _) in zip(found.ids, found.offsets, strict=True)
        ]
    return ids, labels


def image_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the id of the token that stands for one feature of an image."""
    return int(tokenizer.convert_tokens_to_ids(IMAGE))


def tokenise(tokenizer: PreTrainedTokenizerBase, text: str) -> Encoding:
    """Return the tokens of a text with the places of their characters; `<image>` and `<pad>` in it are text."""
    return _text_tokenizer(tokenizer).encode(text, add_special_tokens=False)


def _chunks(segments: list[Segment], images: bool) -> list[list[Segment]]:
    """Return the segments between the images."""
    chunks: list[list[Segment]] = [[]]
    for segment in segments:
        for number, text in enumerate(segment.text.split(IMAGE) if images else [segment.text]):
            if number:
                chunks.append([])
            chunks[-1].append(Segment(text, segment.trained))
    return chunks


@lru_cache(maxsize=4)
def _text_tokenizer(tokenizer: PreTrainedTokenizerBase) -> Tokenizer:
    """Return the tokenizer without the tokens that LLaVA adds, which a person's text must not become."""
    content = json.loads(tokenizer.backend_tokenizer.to_str())
    content["added_tokens"] = [token for token in content["added_tokens"] if token["content"] not in (IMAGE, PAD)]
    content["truncation"] = content["padding"] = None
    return Tokenizer.from_str(json.dumps(content))
