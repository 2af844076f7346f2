"""MMBench about scenes, in its official format: a table with base64 images and four circular copies per question."""

import base64
from typing import Any

import numpy as np

from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.digits.choices import LETTERS, choice
from pipeline_lib.digits.render import encode
from pipeline_lib.digits.scene import draw_scene

COLUMNS = (
    "index", "question", "hint", *LETTERS, "answer", "category", "image", "source", "l2-category", "comment", "split",
)  # fmt: skip
COPY_STRIDE = 1_000_000  # a copy's index is that of the question plus a multiple of this
FAMILY = {"present": "perception", "position": "perception", "count": "reasoning"}


def table_rows(seed: int, part: str, scenes: int) -> list[dict[str, Any]]:
    """Return the rows of `mmbench_dev.tsv` by column: all questions unrotated, then all in each rotation."""
    unrotated = [
        choice(draw_scene(seed, part, number), np.random.default_rng(_seed(seed, part, number)))
        for number in range(scenes)
    ]
    images = [_image(seed, part, number) for number in range(scenes)]
    return [
        {
            "index": number + 1 + copy * COPY_STRIDE,
            "question": asked.question,
            **dict(zip(LETTERS, asked.rotated(copy).options, strict=True)),
            "answer": asked.rotated(copy).letter,
            "category": asked.kind,
            "image": images[number],
            "source": "digits",
            "l2-category": FAMILY[asked.kind],
            "split": "dev",
        }
        for copy in range(len(LETTERS))
        for number, asked in enumerate(unrotated)
    ]


def _image(seed: int, part: str, number: int) -> str:
    return base64.b64encode(encode(draw_scene(seed, part, number), seed, part, number)).decode()


def _seed(seed: int, part: str, number: int) -> int:
    return derive_seed(seed, "digits mmbench", f"{part} {number}")
