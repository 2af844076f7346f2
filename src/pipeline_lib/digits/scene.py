"""A scene: one to four different digits in the cells of a 2 by 2 grid, and its description in words."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np

from pipeline_lib.core.seeding import derive_seed

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
CELLS = ("top left", "top right", "bottom left", "bottom right")

# Digits that often occur together, for "adversarial" negatives; and unequal frequencies, for "popular" ones.
PARTNER = {1: 7, 7: 1, 3: 8, 8: 3, 4: 9, 9: 4, 0: 6, 6: 0, 2: 5, 5: 2}
FREQUENCY = (8, 14, 8, 12, 10, 8, 6, 14, 12, 8)
PARTNER_RATE = 0.35
COUNT_RATES = (0.15, 0.30, 0.35, 0.20)  # of scenes with 1, 2, 3, 4 digits


@dataclass(frozen=True)
class Scene:
    """Digits and the cell of each, in the order of the cells."""

    digits: tuple[int, ...]
    cells: tuple[int, ...]


@lru_cache(maxsize=20_000)
def draw_scene(seed: int, part: str, number: int) -> Scene:
    """Return scene `number` of a part of the data; deterministic in its arguments."""
    generator = np.random.default_rng(derive_seed(seed, "digits scene", f"{part} {number}"))
    count = _draw(COUNT_RATES, generator.random()) + 1
    digits: list[int] = []
    while len(digits) < count:
        follows = digits and generator.random() < PARTNER_RATE
        digit = PARTNER[digits[-1]] if follows else _draw(FREQUENCY, generator.random())
        if digit not in digits:
            digits.append(digit)
    cells = generator.permutation(4)[:count].tolist()
    pairs = sorted(zip(cells, digits, strict=True))
    return Scene(tuple(digit for _, digit in pairs), tuple(cell for cell, _ in pairs))


def _draw(weights: tuple[float, ...], uniform: float) -> int:
    """Return the index in `weights` that a number from [0, 1) selects."""
    heights = list(accumulate(weights))
    return bisect_right(heights, uniform * heights[-1])


def caption(scene: Scene) -> str:
    """Return one sentence that names every digit and its cell."""
    parts = [f"a {NAMES[digit]} at the {CELLS[cell]}" for digit, cell in zip(scene.digits, scene.cells, strict=True)]
    listed = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    return f"The image shows {listed}."


def scene_words(scene: Scene) -> str:
    """Return the content of the four cells as four words, in place of four image tokens."""
    words = ["blank"] * 4
    for digit, cell in zip(scene.digits, scene.cells, strict=True):
        words[cell] = NAMES[digit]
    return " ".join(words)
