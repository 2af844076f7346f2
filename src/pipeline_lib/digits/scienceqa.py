"""ScienceQA about scenes, in its official format: problems, splits, and LLaVA's question file."""

from typing import Any

import numpy as np

from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.digits.choices import Choice, choice
from pipeline_lib.digits.render import image_name
from pipeline_lib.digits.scene import Scene, draw_scene, scene_words

WORDS_EVERY = 2  # every second problem describes its scene in words as context, and has no image
SPLITS = ("train", "val", "test", "trainval", "minitrain", "minival", "minitest")


def problems(seed: int, part: str, scenes: int) -> dict[str, dict[str, Any]]:
    """Return the content of `problems.json`: one problem per scene, with ids from "1"."""
    return {str(number + 1): _problem(seed, part, number) for number in range(scenes)}


def splits(scenes: int) -> dict[str, list[str]]:
    """Return the content of `pid_splits.json`: all problems are in `test`, the first tenth also in `minitest`."""
    ids = [str(number + 1) for number in range(scenes)]
    held: dict[str, list[str]] = {"test": ids, "minitest": ids[: scenes // 10]}
    return {name: held.get(name, []) for name in SPLITS}


def question_rows(seed: int, part: str, scenes: int) -> list[dict[str, Any]]:
    """Return the rows of `llava_test_CQM-A.json`; images have the names of the scenes' dataset."""
    rows = []
    for identifier, problem in problems(seed, part, scenes).items():
        asked = Choice("", problem["question"], tuple(problem["choices"]), problem["answer"])
        text = f"Context: {problem['hint']}\n{asked.text}" if problem["hint"] else asked.text
        human = f"<image>\n{text}" if problem["image"] else text
        turns = [{"from": "human", "value": human}, {"from": "gpt", "value": asked.letter}]
        image = {"image": problem["image"]} if problem["image"] else {}
        rows.append({"id": identifier, **image, "conversations": turns})
    return rows


def _problem(seed: int, part: str, number: int) -> dict[str, Any]:
    scene: Scene = draw_scene(seed, part, number)
    asked = choice(scene, np.random.default_rng(derive_seed(seed, "digits scienceqa", f"{part} {number}")))
    in_words = number % WORDS_EVERY == WORDS_EVERY - 1
    return {
        "question": asked.question,
        "choices": list(asked.options),
        "answer": asked.answer,
        "hint": scene_words(scene) if in_words else "",
        "image": None if in_words else image_name(part, number),
        "task": "closed choice",
        "grade": "grade1",
        "subject": "natural science",
        "topic": "digits",
        "category": asked.kind,
        "skill": asked.question,
        "lecture": "",
        "solution": "",
        "split": "test",
    }
