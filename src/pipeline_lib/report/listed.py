"""Which answers a page lists, and how long they may be, so that it stays a page that opens at once."""

from typing import Iterable, Mapping

MOST_ROWS = 10_000  # questions on a page
MOST_CHARACTERS = 8_000_000  # of all different texts together
LENGTHS = (100_000, 20_000, 4_000, 1_000, 200)  # characters of one text


def shares(sizes: Mapping[str, int], most: int = MOST_ROWS) -> dict[str, int]:
    """Return how many questions of each benchmark to list: all, or equal shares, of which the small ones leave some."""
    chosen: dict[str, int] = {}
    left = most
    for number, name in enumerate(sorted(sizes, key=lambda name: (sizes[name], name))):
        chosen[name] = min(sizes[name], left // (len(sizes) - number))
        left -= chosen[name]
    return {name: chosen[name] for name in sizes}


def spread(size: int, count: int) -> list[int]:
    """Return `count` different numbers below `size`, evenly spread over them, in their order."""
    return [number * size // count for number in range(count)]


def longest(texts: Iterable[str], most: int = MOST_CHARACTERS) -> int:
    """Return the largest of LENGTHS to which texts must be cut to have no more than `most` characters together."""
    sizes = [len(text) for text in texts]
    return next((each for each in LENGTHS if sum(min(size, each) for size in sizes) <= most), LENGTHS[-1])


def cut(text: str, length: int) -> str:
    """Return a text of at most `length` characters, with a note on how many are left out."""
    left_out = len(text) - length
    return text if left_out <= 0 else f"{text[:length]}\N{HORIZONTAL ELLIPSIS} [{left_out:,} more characters]"
