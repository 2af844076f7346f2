"""How VLMEvalKit reads the answer to a problem of MathVista in a response, or in a judge's reply, and compares it.

Source: open-compass/VLMEvalKit e8e78f0 `vlmeval/dataset/utils/mathvista.py`, `post_check` and `MathVista_auxeval`.
"""

from dataclasses import dataclass
from string import ascii_uppercase
from typing import Callable, Mapping

from pipeline_lib.benchmarks.families.letters import NO_LETTER, vlmevalkit
from pipeline_lib.benchmarks.families.mathvista_answers import AnswerKind

NUMBERS: Mapping[str, Callable[[str], int | float]] = {"integer": int, "float": float}


@dataclass(frozen=True)
class Match:
    """What is read in a text (None if nothing), whether it is the gold answer, and the rule.

    A response with a `settled` match needs no judge.
    """

    text: str | None
    right: bool
    rule: str
    settled: bool


def matched(text: str, kind: AnswerKind, answer: str) -> Match:
    """Return what is read in a text.

    VLMEvalKit's rules for multiple choice read the letter of a choice; a refusal is settled as no choice. A number must
    be the whole text, and is settled only if it is right and not 0, which the original takes for no number. Of other
    types the original compares "None" instead of the text.
    """
    if kind.choices:
        options = dict(zip(ascii_uppercase, kind.choices, strict=False))
        letter, rule = vlmevalkit(text, options)
        choice = None if letter is None else options[letter]
        right = letter is not None and letter == ascii_uppercase[kind.choices.index(answer)]
        return Match(choice, right, rule, settled=(letter, rule) != NO_LETTER)
    if kind.type not in NUMBERS:
        right = answer == str(None)
        return Match(None, right, "not compared", settled=right)
    number = _number(text, kind.type)
    right = number is not None and number == _number(answer, kind.type)
    return Match(None if number is None else str(number), right, kind.type, settled=right and number != 0)


def _number(text: str, kind: str) -> int | float | None:
    try:
        return NUMBERS[kind](text)
    except ValueError:
        return None
