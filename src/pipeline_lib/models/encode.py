"""Encode segments as token ids and labels; what stands for an image in the ids is the family's choice.

The text between two images is tokenised as a whole, as haotian-liu/LLaVA c121f04 does (`llava/mm_utils.py`,
`tokenizer_image_token`): a sentencepiece tokenizer puts a space before each of these chunks.
"""

import json
from array import array
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Sequence

from tokenizers import AddedToken, Tokenizer
from transformers import PreTrainedTokenizerBase

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.tokenizer import PAD
from pipeline_lib.prompts.base import IMAGE, Segment

FENCES = [chr(number) for number in range(0xFDD0, 0xFDF0)]  # noncharacters, which Unicode reserves for internal use
IGNORED = -100  # label of a token without a loss


@dataclass(frozen=True)
class Tokens:
    """Token ids of a text, and the position of each one's first character."""

    ids: "array[int]"
    starts: "array[int]"


def encode(
    segments: list[Segment], tokenizer: PreTrainedTokenizerBase, images: Sequence[list[int]] = ()
) -> tuple[list[int], list[int]]:
    """Return token ids and labels of the segments, after one beginning-of-sequence token.

    `images` are the ids that stand for each `<image>` in order; a single one stands for all of them. Without images,
    `<image>` is ordinary text. A token is trained if the segment of its first character is. Control words in a
    speaker's text are always ordinary text. Raises PipelineError for other numbers of images.
    """
    ids, labels = [int(tokenizer.bos_token_id)], [IGNORED]
    chunks = _chunks(segments, bool(images))
    if len(images) > 1 and len(images) != len(chunks) - 1:
        raise PipelineError(
            f"this text has {len(chunks) - 1} `{IMAGE}`", value=f"{len(images)} images", cure="write one for each image"
        )
    for number, chunk in enumerate(chunks):
        if number:
            ids += images[(number - 1) % len(images)]
            labels += [IGNORED] * len(images[(number - 1) % len(images)])
        fence = _fence(chunk, control_words(tokenizer))
        texts = [segment.text if segment.spoken else fenced(segment.text, tokenizer, fence) for segment in chunk]
        tokens = tokenise(tokenizer, "".join(texts), fence)
        trained = b"".join(bytes([part.trained]) * len(text) for part, text in zip(chunk, texts, strict=True))
        ids += tokens.ids
        labels += [token if trained[start] else IGNORED for token, start in zip(tokens.ids, tokens.starts, strict=True)]
    return ids, labels


def control_words(tokenizer: PreTrainedTokenizerBase) -> tuple[str, ...]:
    """Return the words that a tokenizer reads as control tokens, such as `</s>`, without those that LLaVA adds."""
    return tuple(_control_tokens(tokenizer))


@lru_cache(maxsize=50_000)
def tokenise(tokenizer: PreTrainedTokenizerBase, text: str, fence: str = "") -> Tokens:
    """Return the tokens of a text, in which `<image>` and `<pad>` are ordinary text; cached for later epochs.

    With a `fence`, control words are ordinary text too, unless they are between two fences.
    """
    encoding = _text_tokenizer(tokenizer, fence).encode(text, add_special_tokens=False)
    ids = [_ids(tokenizer, fence).get(token, token) for token in encoding.ids] if fence else encoding.ids
    return Tokens(array("i", ids), array("i", [start for start, _ in encoding.offsets]))


def fenced(text: str, tokenizer: PreTrainedTokenizerBase, fence: str) -> str:
    """Return a text with every control word between fences."""
    for word in control_words(tokenizer) if fence else ():
        text = text.replace(word, f"{fence}{word}{fence}")
    return text


def _fence(chunk: list[Segment], words: tuple[str, ...]) -> str:
    """Return a character that is in no spoken segment if one contains a control word, else an empty string."""
    spoken = "".join(segment.text for segment in chunk if segment.spoken)
    return next(fence for fence in FENCES if fence not in spoken) if any(word in spoken for word in words) else ""


def _chunks(segments: list[Segment], images: bool) -> list[list[Segment]]:
    """Return the segments between the images."""
    chunks: list[list[Segment]] = [[]]
    for segment in segments:
        for number, text in enumerate(segment.text.split(IMAGE) if images else [segment.text]):
            if number:
                chunks.append([])
            chunks[-1].append(replace(segment, text=text))
    return chunks


@lru_cache(maxsize=4)
def _control_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[str, dict[str, Any]]:
    tokens = json.loads(tokenizer.backend_tokenizer.to_str())["added_tokens"]
    return {token["content"]: token for token in tokens if token["special"] and token["content"] not in (IMAGE, PAD)}


@lru_cache(maxsize=8)
def _text_tokenizer(tokenizer: PreTrainedTokenizerBase, fence: str) -> Tokenizer:
    """Return the tokenizer without the tokens that LLaVA adds, so that no text of a row becomes one of them.

    With a `fence`, it recognises control words only between fences, and gives them other ids.
    """
    content = json.loads(tokenizer.backend_tokenizer.to_str())
    removed = {IMAGE, PAD, *(_control_tokens(tokenizer) if fence else ())}
    content["added_tokens"] = [token for token in content["added_tokens"] if token["content"] not in removed]
    content["truncation"] = content["padding"] = None
    if not fence:
        return Tokenizer.from_str(json.dumps(content))
    content["post_processor"] = None  # it may name a control word
    content["model"]["merges"] = [merge for merge in content["model"]["merges"] if "".join(merge) not in removed]
    backend = Tokenizer.from_str(json.dumps(content))
    flags = ("single_word", "lstrip", "rstrip", "normalized")
    for word, token in _control_tokens(tokenizer).items():
        backend.add_special_tokens([AddedToken(f"{fence}{word}{fence}", **{flag: token[flag] for flag in flags})])
    return backend


@lru_cache(maxsize=8)
def _ids(tokenizer: PreTrainedTokenizerBase, fence: str) -> dict[int, int]:
    """Return a tokenizer's ids by those that its tokenizer with fences has, where the two differ.

    They differ for control words, and for other added tokens behind a removed one.
    """
    by_fence = _text_tokenizer(tokenizer, fence).get_vocab()
    control = {f"{fence}{word}{fence}": int(token["id"]) for word, token in _control_tokens(tokenizer).items()}
    original = {**tokenizer.get_vocab(), **control}
    return {number: original[word] for word, number in by_fence.items() if original.get(word, number) != number}
