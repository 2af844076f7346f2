"""Cutting rows that are too long: as a rule behind an image, never through it; or step by step as the original does."""

from dataclasses import dataclass

Row = tuple[list[int], list[int]]  # token ids and their labels


@dataclass(frozen=True)
class ImageTokens:
    """What stands for an image in a row: `width` times `token` on end."""

    token: int
    width: int


def cut(ids: list[int], labels: list[int], length: int, image: ImageTokens | None) -> Row:
    """Return the first `length` tokens; an image of which only a part would be left goes as a whole.

    The original leaves that part. No loss depends on it, because a token sees only what stands before it.
    """
    kept = min(len(ids), length)
    if image is not None and len(ids) > length and ids[length] == image.token:
        before = next((number for number, token in enumerate(reversed(ids[:length])) if token != image.token), length)
        kept -= before % image.width
    return ids[:kept], labels[:kept]


def cut_as_original(ids: list[int], labels: list[int], length: int, image: ImageTokens | None, unknown: int) -> Row:
    """Return a row as the original cuts it: to `length` with one token for an image, then to `length` with all.

    Between the two it takes every unknown token for padding and drops it.
    Source: haotian-liu/LLaVA c121f04, `llava/train/train.py` (the collator) and `llava/model/llava_arch.py`.
    """
    start, tokens = 0, 0
    while start < len(ids) and tokens < length:
        start += image.width if image is not None and ids[start] == image.token else 1
        tokens += 1
    pairs = [pair for pair in zip(ids[:start], labels[:start], strict=True) if pair[0] != unknown]
    return cut([pair[0] for pair in pairs], [pair[1] for pair in pairs], length, image)
