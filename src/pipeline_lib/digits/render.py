"""Pictures of scenes: every digit is a real scan, resized and placed in its cell; noise is added."""

import gzip
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.digits.formats import spoil, suffix_of, write_picture
from pipeline_lib.digits.scene import Scene

CANVAS = 64  # pixels, square
DIGIT_SIZE = (28, 32)  # smallest and largest side of a digit, pixels
NOISE = 6.0  # standard deviation, in grey levels of 255

# The scans of each part: disjoint ranges, so that no scan is in two parts.
SCANS = {"train": range(0, 1200), "dev": range(1200, 1500), "test": range(1500, 1797)}


def image_name(part: str, number: int) -> str:
    """Return the file name of a scene, such as `train/00012.png`."""
    return f"{part}/{number:05d}.{suffix_of(number)}"


def encode(scene: Scene, seed: int, part: str, number: int) -> bytes:
    """Return the image file of a scene in the format of its number; some files of the training part are broken."""
    picture = draw(scene, derive_seed(seed, "digits picture", image_name(part, number)), part)
    data = write_picture(picture, number)
    return spoil(data, number) if part == "train" else data


def draw(scene: Scene, seed: int, part: str) -> Image.Image:
    """Return the picture of a scene as a grey image of CANVAS by CANVAS pixels."""
    generator = np.random.default_rng(seed)
    half = CANVAS // 2
    pixels: NDArray[np.float64] = np.zeros((CANVAS, CANVAS))
    for digit, cell in zip(scene.digits, scene.cells, strict=True):
        scan = generator.choice(scans_of(part)[digit])
        size = int(generator.integers(DIGIT_SIZE[0], DIGIT_SIZE[1] + 1))
        top, left = (cell // 2) * half, (cell % 2) * half
        top += int(generator.integers(0, half - size + 1))
        left += int(generator.integers(0, half - size + 1))
        patch = np.asarray(
            Image.fromarray(_scans()[0][scan]).resize((size, size), Image.Resampling.BICUBIC), dtype=np.float64
        )
        window = pixels[top : top + size, left : left + size]
        np.maximum(window, patch, out=window)
    pixels += generator.normal(0.0, NOISE, pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@cache
def scans_of(part: str) -> dict[int, list[int]]:
    """Return, for every digit, the numbers of the scans that a part may use."""
    labels = _scans()[1]
    return {digit: [number for number in SCANS[part] if labels[number] == digit] for digit in range(10)}


@cache
def _scans() -> tuple[NDArray[np.uint8], list[int]]:
    """Return the scans [1797, 8, 8] in 0…255 and their labels: the file behind scikit-learn's `load_digits`.

    The file is read directly from the package, because importing scikit-learn takes seconds.
    """
    path = Path(str(distribution("scikit-learn").locate_file("sklearn/datasets/data/digits.csv.gz")))
    with gzip.open(path) as file:
        table = np.loadtxt(file, delimiter=",")
    return (table[:, :-1].reshape(-1, 8, 8) * 255 / 16).astype(np.uint8), [int(label) for label in table[:, -1]]
