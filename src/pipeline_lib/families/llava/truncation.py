"""Truncate rows that are too long: without splitting an image, or step by step as the original does."""

from dataclasses import dataclass

Row = tuple[list[int], list[int]]  # token ids and their labels


@dataclass(frozen=True)
class ImageTokens:
    """The tokens of an image in a row: `width` consecutive tokens of id `token`."""

    token: int
    width: int


def cut(ids: list[int], labels: list[int], length: int, image: ImageTokens | None) -> Row:
    """Return the first `length` tokens; an image at the cut goes as a whole.

    The original leaves its first part. No loss depends on that, because a token attends only to earlier tokens.
    """
    end = min(len(ids), length)
    if image is not None and len(ids) > length and ids[length] == image.token:
        before = next((number for number, token in enumerate(reversed(ids[:length])) if token != image.token), length)
        end -= before % image.width
    return ids[:end], labels[:end]


def cut_as_original(ids: list[int], labels: list[int], length: int, image: ImageTokens | None, unknown: int) -> Row:
    """Truncate a row as the original does: to `length` with one token per image, then to `length` with all of them.

    Between the two it treats every unknown token as padding and drops it.
    Source: haotian-liu/LLaVA c121f04, `llava/train/train.py` (the collator) and `llava/model/llava_arch.py`.
    """
    start, tokens = 0, 0
    while start < len(ids) and tokens < length:
        start += image.width if image is not None and ids[start] == image.token else 1
        tokens += 1
    pairs = [pair for pair in zip(ids[:start], labels[:start], strict=True) if pair[0] != unknown]
    return cut([pair[0] for pair in pairs], [pair[1] for pair in pairs], length, image)
