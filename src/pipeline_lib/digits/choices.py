"""Multiple-choice questions about a scene, and questions for the letter of an option; in LLaVA's wording."""

from dataclasses import dataclass
from typing import Sequence

import numpy as np

from pipeline_lib.digits.questions import Turn
from pipeline_lib.digits.scene import CELLS, NAMES, Scene

LETTER = "Answer with the option's letter from the given choices directly."
LETTERS = "ABCD"
KINDS = ("present", "position", "count")
KIND_RATES = (0.40, 0.35, 0.25)
FEWEST_TO_FIND = 2  # options of a lookup question


@dataclass(frozen=True)
class Choice:
    """A question: its kind, its text, its options in the order of their letters, and the index of the right option."""

    kind: str
    question: str
    options: tuple[str, ...]
    answer: int

    @property
    def letter(self) -> str:
        """Return the letter of the right option."""
        return LETTERS[self.answer]

    @property
    def text(self) -> str:
        """Return the question with its options, without the format prompt."""
        lines = [f"{letter}. {option}" for letter, option in zip(LETTERS, self.options, strict=False)]
        return "\n".join([self.question, *lines])

    @property
    def turn(self) -> Turn:
        """Return the question with options and format prompt, and the letter."""
        return f"{self.text}\n{LETTER}", self.letter

    def rotated(self, steps: int) -> "Choice":
        """Return the same question with its options moved up by `steps`, as MMBench's circular copies have them."""
        steps %= len(self.options)
        options = self.options[steps:] + self.options[:steps]
        return Choice(self.kind, self.question, options, (self.answer - steps) % len(options))


def choice(scene: Scene, generator: np.random.Generator, kind: str | None = None) -> Choice:
    """Return a question with four options about a scene, of `kind` or a drawn kind; all letters are equally likely."""
    kind = kind or str(generator.choice(KINDS, p=KIND_RATES))
    if kind == "count":
        count = len(scene.digits)
        others = [number for number in range(1, 5) if number != count]
        return _shuffled(kind, "How many digits are in the image?", count, others, generator)
    which = int(generator.integers(len(scene.digits)))
    right = scene.digits[which]
    taken = scene.digits if kind == "present" else (right,)
    others = generator.choice([digit for digit in range(10) if digit not in taken], 3, replace=False).tolist()
    cell = CELLS[scene.cells[which]]
    question = "Which of these digits is in the image?" if kind == "present" else f"Which digit is at the {cell}?"
    return _shuffled(kind, question, right, others, generator)


def lookup(generator: np.random.Generator) -> Choice:
    """Return a question for the letter of one of two to four options, all digits; it is not about a scene."""
    count = int(generator.integers(FEWEST_TO_FIND, len(LETTERS) + 1))
    right, *others = generator.choice(10, count, replace=False).tolist()
    return _shuffled("lookup", f"Which option is {NAMES[right]}?", right, others, generator)


def _shuffled(kind: str, question: str, right: int, others: Sequence[int], generator: np.random.Generator) -> Choice:
    numbers = [right, *others]
    order = generator.permutation(len(numbers)).tolist()
    return Choice(kind, question, tuple(NAMES[numbers[index]] for index in order), order.index(0))
