"""The training images that look most like an image of a question."""

from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Sequence

import numpy as np

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.decode import UnreadableImageError
from pipeline_lib.overlap.image_looks import computed_looks, image_paths, known_looks
from pipeline_lib.overlap.looks import bits

FEW = 1000  # images whose hashes are computed unasked, in a second or some
SOME = 3  # ids of rows

RowsByImage = Mapping[str, Mapping[str, Sequence[str]]]  # ids of rows that show an image, by its pin and the subset


@dataclass(frozen=True)
class QuestionImage:
    """An image of a question: its path and pin, and the index that lists it."""

    path: str
    pin: str
    index: Path


@dataclass(frozen=True)
class NearImage:
    """A training image, and in how many of 64 bits its look differs.

    `rows` counts the rows that show it by subset, `examples` are the ids of some.
    """

    path: str | None
    pin: str
    distance: int
    rows: dict[str, int]
    examples: list[str]


@dataclass(frozen=True)
class NearImages:
    """The nearest training images by the path of the question's image; none, with the cause, if they are unknown."""

    compared: int
    images: dict[str, list[NearImage]]
    unknown: str | None = None


def near_images(
    asked: Sequence[QuestionImage], rows: RowsByImage, indexes: Sequence[Path], count: int, compute: bool
) -> NearImages:
    """Return the `count` training images nearest to each image of a question; equal distances in the order of pins.

    `rows` are those of all training images, `indexes` list these. With `compute`, all hashes that nobody has computed
    are computed, and an absent image raises PipelineError; without it only a FEW, and the cause is in the result.
    """
    pins = {*rows, *(image.pin for image in asked)}
    every_index = list(dict.fromkeys([*indexes, *(image.index for image in asked)]))
    looks = known_looks(pins, every_index)
    missing = pins - looks.keys()
    if len(missing) > FEW and not compute:
        unknown = (
            f"{len(missing):,} of {len(pins):,} images have no fingerprint yet; --nearest {count} computes them once"
        )
        return NearImages(0, {}, unknown)
    try:
        looks |= computed_looks(image_paths(missing, every_index), every_index)
    except (PipelineError, UnreadableImageError) as error:
        if compute:
            raise
        return NearImages(0, {}, "; ".join(line.strip() for line in str(error).splitlines()))
    seen = {pin: looks[pin] for pin in sorted(rows) if pin in looks}
    nearest = {image.path: _nearest(looks[image.pin], seen, count) for image in asked if image.pin in looks}
    paths = image_paths({pin for pairs in nearest.values() for pin, _ in pairs}, every_index)
    images = {
        path: [_near(paths.get(pin), pin, distance, rows[pin]) for pin, distance in pairs]
        for path, pairs in nearest.items()
    }
    return NearImages(len(seen), images)


def _nearest(look: str, seen: Mapping[str, str], count: int) -> list[tuple[str, int]]:
    """Return the pins of the nearest hashes with the number of bits in which they differ, nearest first."""
    distances = np.bitwise_count(bits(list(seen.values())) ^ bits([look]))
    pins = list(seen)
    return [(pins[position], int(distances[position])) for position in np.argsort(distances, kind="stable")[:count]]


def _near(path: str | None, pin: str, distance: int, rows: Mapping[str, Sequence[str]]) -> NearImage:
    counts = {subset: len(names) for subset, names in rows.items()}
    examples = list(dict.fromkeys(name for names in rows.values() for name in names))[:SOME]
    return NearImage(path, pin, distance, counts, examples)
