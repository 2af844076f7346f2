"""How projects ask a language model to grade an answer to MM-Vet, and read its replies.

Sources: yuweihao/MM-Vet acde843 `mm-vet_evaluator.py`; EvolvingLMMs-Lab/lmms-eval 75571cf
`lmms_eval/tasks/mmvet/utils.py`; open-compass/VLMEvalKit e8e78f0 `vlmeval/dataset/utils/mmvet.py`, with the model that
its `run.py` names.
"""

import math
from dataclasses import dataclass
from typing import Callable, Iterator

from pipeline_lib.benchmarks.families.judge_prompts import MM_VET, MM_VET_AGAIN, MM_VET_LMMS_EVAL, MM_VET_VLMEVALKIT
from pipeline_lib.benchmarks.families.judging import Attempt, JudgeRequest, Message

NUMBERS = {4: "four", 5: "five"}


def grade_in(text: str) -> float | None:
    """Return the number from 0 to 1 that a text is, None where it is none."""
    try:
        number = float(text.strip())
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number <= 1 else None


def first_word(text: str) -> float | None:
    """Return the grade before the first space of a reply, as MM-Vet reads it."""
    return grade_in(text.split(" ")[0])


def first_word_stripped(text: str) -> float | None:
    """Return the grade before the first space of a reply without outer white space, as lmms-eval reads it."""
    return first_word(text.strip())


@dataclass(frozen=True)
class VetJudge:
    """The judge of a project: its model, longest reply, the table of examples, its attempts, and its reader.

    `end` follows the prediction in the last row of the table; an attempt is what follows the table, and a temperature.
    """

    model: str
    tokens: int
    examples: str
    end: str
    tries: tuple[tuple[str, float], ...]
    read: Callable[[str], float | None]

    @property
    def unread(self) -> str:
        """Return the rule of an answer that no attempt graded."""
        return f"no grade in {NUMBERS[len(self.tries)]} tries"

    def request(self, name: str, question: str, right: str, answer: str) -> JudgeRequest:
        """Return the request for a grade: the table of examples, completed by a row without its last cell."""
        spaced = right.replace("<AND>", " <AND> ").replace("<OR>", " <OR> ")
        table = f"{self.examples}\n{' | '.join([question, spaced, answer])}{self.end}"
        return JudgeRequest(name, self.model, self.tokens, tuple(self._attempts(table)), self.has_grade)

    def has_grade(self, reply: str) -> bool:
        """Return whether a reply has a grade; another one is followed by the next attempt."""
        return self.read(reply) is not None

    def _attempts(self, table: str) -> Iterator[Attempt]:
        for after, temperature in self.tries:
            yield Attempt((Message("user", table + after),), temperature)


OFFICIAL_TRIES = (("", 0.0), (MM_VET_AGAIN, 0.0), (MM_VET_AGAIN, 0.5), (MM_VET_AGAIN, 1.0), (MM_VET_AGAIN, 1.5))
FOUR_TRIES = (("", 0.0), ("", 0.5), ("", 1.0), ("", 1.5))
OFFICIAL = VetJudge("gpt-4-0613", 3, MM_VET, " | ", OFFICIAL_TRIES, first_word)
LMMS_EVAL = VetJudge("gpt-4o-2024-11-20", 128, MM_VET_LMMS_EVAL, " |", FOUR_TRIES, first_word_stripped)
VLMEVALKIT = VetJudge("gpt-4-1106-preview", 2048, MM_VET_VLMEVALKIT, " | ", (*FOUR_TRIES, ("", 2.0)), grade_in)
