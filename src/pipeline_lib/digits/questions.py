"""Questions about a scene, with their answers, in the wording of LLaVA's instruction data."""

import numpy as np

from pipeline_lib.digits.scene import CELLS, NAMES, PARTNER, Scene

SHORT = "Answer the question using a single word or phrase."
CAPTION_PROMPTS = (
    "Describe the image concisely.",
    "What is in this photo?",
    "Give a short caption of the image.",
)

Turn = tuple[str, str]  # question, answer


def is_there(digit: int) -> str:
    """Return POPE's question for a digit, without the format prompt."""
    return f"Is there a {NAMES[digit]} in the image?"


def absent(scene: Scene) -> list[int]:
    """Return the digits that are not in the scene."""
    return [digit for digit in range(10) if digit not in scene.digits]


def absent_partners(scene: Scene) -> list[int]:
    """Return the absent digits that often occur with one of the scene's."""
    return sorted({PARTNER[digit] for digit in scene.digits} - set(scene.digits))


def presence_turn(scene: Scene, generator: np.random.Generator) -> Turn:
    """Return a yes-or-no question; half of the answers are yes, and two negatives in five are absent partners."""
    if generator.random() < 0.5:
        return f"{is_there(int(generator.choice(scene.digits)))}\n{SHORT}", "Yes"
    partners = absent_partners(scene)
    pool = partners if partners and generator.random() < 0.4 else absent(scene)
    return f"{is_there(int(generator.choice(pool)))}\n{SHORT}", "No"


def short_turn(scene: Scene, generator: np.random.Generator) -> Turn:
    """Return a question with a one-word answer: the digit in a cell, or the number of digits."""
    if generator.random() < 0.25:
        return f"How many digits are in the image?\n{SHORT}", NAMES[len(scene.digits)]
    which = int(generator.integers(len(scene.digits)))
    return f"Which digit is at the {CELLS[scene.cells[which]]}?\n{SHORT}", NAMES[scene.digits[which]]


def caption_prompt(generator: np.random.Generator) -> str:
    """Return one of the requests for a caption."""
    return CAPTION_PROMPTS[int(generator.integers(len(CAPTION_PROMPTS)))]
