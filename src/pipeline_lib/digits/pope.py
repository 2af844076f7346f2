"""POPE about scenes, in its official format: three label files and LLaVA's question file."""

from typing import Any

import numpy as np

from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.digits.questions import SHORT, absent, absent_partners, is_there
from pipeline_lib.digits.render import image_name
from pipeline_lib.digits.scene import FREQUENCY, Scene, draw_scene

Row = dict[str, Any]

# The first question id of each category in LLaVA's question file.
FIRST_ID = {"adversarial": 1, "random": 10_000_001, "popular": 20_000_001}
POPULAR = sorted(range(10), key=lambda digit: (-FREQUENCY[digit], digit))


def label_rows(seed: int, part: str, scenes: int, category: str) -> list[Row]:
    """Return the rows of `coco_pope_<category>.json`: for every scene, one present and one absent digit."""
    rows: list[Row] = []
    for number in range(scenes):
        scene = draw_scene(seed, part, number)
        generator = np.random.default_rng(derive_seed(seed, "digits pope", f"{part} {category} {number}"))
        present = int(generator.choice(scene.digits))
        for digit, label in ((present, "yes"), (_negative(scene, category, generator), "no")):
            text = is_there(digit)
            rows.append({"question_id": len(rows) + 1, "image": image_name(part, number), "text": text, "label": label})
    return rows


def question_rows(seed: int, part: str, scenes: int) -> list[Row]:
    """Return the rows of `llava_pope_test.jsonl`: adversarial, random, popular."""
    rows = []
    for category, first in FIRST_ID.items():
        for label in label_rows(seed, part, scenes, category):
            identifier = first + label["question_id"] - 1
            text = f"{label['text']}\n{SHORT}"
            rows.append({"question_id": identifier, "image": label["image"], "text": text, "category": category})
    return rows


def _negative(scene: Scene, category: str, generator: np.random.Generator) -> int:
    if category == "popular":
        return next(digit for digit in POPULAR if digit not in scene.digits)
    pool = absent_partners(scene) if category == "adversarial" else absent(scene)
    return int(generator.choice(pool or absent(scene)))
