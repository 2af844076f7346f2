"""Protocols: the project whose wording, decoding and reading of answers a benchmark uses, chosen together by its name.

Every benchmark has a table `PROTOCOLS` of those that it implements, by name, with the half of a protocol that asks;
its scorer has a table of the same names with the half that reads answers. They are two tables because an edit of a
reader must not make predictions stale. This module has the requests for a form of answer that projects append to a
question, and the tables of a plain multiple-choice benchmark.
"""

from dataclasses import dataclass
from typing import Iterator, Mapping

from pipeline_lib.benchmarks.base import Asking
from pipeline_lib.benchmarks.families.letters import (
    LetterReader,
    internvl,
    llava_sqa,
    lmms_eval,
    vlmevalkit,
    whole_letter,
)

NAMES = {
    "llava15": "haotian-liu/LLaVA c121f04, its scripts for LLaVA-1.5",
    "internvl12": "OpenGVLab/InternVL 2410d1d, and 7725e00 for short answers and boxes, for InternVL-Chat-V1.2",
    "lmms_eval": "EvolvingLMMs-Lab/lmms-eval 75571cf",
    "vlmevalkit": "open-compass/VLMEvalKit e8e78f0, without its language model where rules can read an answer",
    "official": "the repository of the benchmark itself",
    "first_token": "hendrycks/test 9a2de4f, `evaluate_flan.py`: options ranked by one token, asked as by `llava15`",
}
UPRIGHT = frozenset({"lmms_eval"})  # whose loader, the library `datasets`, turns images upright by their EXIF tags
RANKED = frozenset({"first_token"})  # whose answers are the options with the likeliest first tokens
SHORT = "Answer the question using a single word or phrase."
UNANSWERABLE = "When the provided information is insufficient, respond with 'Unanswerable'."
YES_OR_NO = "Please answer yes or no."
SHORT_BELOW = "\n" + SHORT
SHORT_BEHIND = " " + SHORT
UNANSWERABLE_BELOW = "\n" + UNANSWERABLE + "\n" + SHORT
UNANSWERABLE_BEHIND = " " + UNANSWERABLE + " " + SHORT
YES_OR_NO_BEHIND = " " + YES_OR_NO
YES_OR_NO_SHORT_BEHIND = " " + YES_OR_NO + " " + SHORT
LETTER = "Answer with the option's letter from the given choices directly."
LETTER_BELOW = "\n" + LETTER
SELECT = "Please select the correct answer from the options above. \n"


@dataclass(frozen=True)
class Appending(Asking):
    """How a project asks: what it appends to the question in the file."""

    after: str = ""


@dataclass(frozen=True)
class Wording(Asking):
    """How a project words a multiple-choice question: the formats of its lines; an empty `heading` has no line."""

    hint: str = "{}"
    question: str = "{}"
    heading: str = ""
    option: str = "{}. {}"
    request: str = LETTER

    def prompt(self, question: str, options: Mapping[str, str], hint: str = "") -> str:
        """Return the prompt of a question with its options by letter."""
        return "\n".join(self._lines(question, options, hint))

    def _lines(self, question: str, options: Mapping[str, str], hint: str) -> Iterator[str]:
        if hint:
            yield self.hint.format(hint)
        yield self.question.format(question)
        if self.heading:
            yield self.heading
        yield from (self.option.format(letter, text) for letter, text in options.items())
        yield self.request


CHOICE: Mapping[str, Wording] = {
    "llava15": Wording(1024),
    "internvl12": Wording(100),
    "lmms_eval": Wording(16),
    "vlmevalkit": Wording(2048, hint="Hint: {}", question="Question: {}", heading="Options:", request=SELECT),
    "first_token": Wording(1),
}
CHOICE_READERS: Mapping[str, LetterReader] = {
    "llava15": llava_sqa,
    "internvl12": internvl,
    "lmms_eval": lmms_eval,
    "vlmevalkit": vlmevalkit,
    "first_token": whole_letter,
}
