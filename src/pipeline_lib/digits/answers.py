"""Short answers about scenes in four forms of file: LLaVA's questions, VQA's annotations, rows, and charts."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.digits.questions import SHORT, presence_turn, short_turn
from pipeline_lib.digits.render import image_name
from pipeline_lib.digits.scene import NAMES, draw_scene

PEOPLE = 10  # who give the same answer
COUNTING = "How many"


@dataclass(frozen=True)
class Asked:
    """A question about a scene, with its answer."""

    number: int
    image: str
    question: str
    answer: str

    @property
    def kind(self) -> str:
        """Return the type of the answer, as VQA calls it."""
        if self.answer in NAMES:
            return "number" if self.question.startswith(COUNTING) else "other"
        return "yes/no"


def ask(seed: int, part: str, scenes: int) -> list[Asked]:
    """Return one question for every scene, about a digit's presence in every second."""
    asked = []
    for number in range(scenes):
        generator = np.random.default_rng(derive_seed(seed, "digits answers", f"{part} {number}"))
        turn = presence_turn if number % 2 else short_turn
        prompt, answer = turn(draw_scene(seed, part, number), generator)
        asked.append(Asked(number + 1, image_name(part, number), prompt.removesuffix(f"\n{SHORT}"), answer.lower()))
    return asked


def question_row(asked: Asked) -> dict[str, Any]:
    """Return a row of LLaVA's question files."""
    text = f"{asked.question}\n{SHORT}"
    return {"question_id": asked.number, "image": asked.image, "text": text, "category": "default"}


def annotation(asked: Asked) -> dict[str, Any]:
    """Return a row of VQA's annotations, which state numbers in figures, as VQA's scorer compares them."""
    answer = str(NAMES.index(asked.answer)) if asked.answer in NAMES else asked.answer
    names = {"question_id": asked.number, "image_id": asked.number, "question": asked.question}
    answers = [{"answer": answer, "answer_id": number + 1} for number in range(PEOPLE)]
    return {**names, "answers": answers, "answer_type": asked.kind, "multiple_choice_answer": answer}


def answered_row(asked: Asked) -> dict[str, Any]:
    """Return a row of InternVL's files, which have their answers."""
    names = {"question_id": asked.number, "image": asked.image}
    return {**names, "question": asked.question, "answer": asked.answer}


def chart_row(asked: Asked) -> dict[str, Any]:
    """Return a row of ChartQA's files."""
    return {"imgname": asked.image, "query": asked.question, "label": asked.answer}
