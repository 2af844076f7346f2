"""How MathVista finds an answer in a response without a judge, and compares what was extracted with the gold answer.

Source: lupantech/MathVista 53d5258 `evaluation/extract_answer.py` and `evaluation/calculate_score.py`.
"""

import re
from dataclasses import dataclass
from typing import Callable, Iterator

from pipeline_lib.benchmarks.families.comparers import edits

LETTER = re.compile(r"\(([a-zA-Z])\)")
QUICK = ('The answer is "', '".')  # around the answer, on one line


@dataclass(frozen=True)
class AnswerKind:
    """What an answer to a problem is: one of `choices`, or an integer, a float of some decimals, or a list."""

    type: str
    choices: tuple[str, ...] = ()
    precision: int | None = None


Extractor = Callable[[str, AnswerKind], tuple[str, str] | None]


def extracted_by_rule(response: str, kind: AnswerKind) -> tuple[str, str] | None:
    """Return what is extracted from a response without a judge, and the rule; None if a judge must extract."""
    if response == "":
        return "", "empty"
    if response in kind.choices:
        return response, "choice"
    try:
        if kind.type == "integer":
            return str(int(response)), "integer"
        if kind.type == "float":
            return str(float(response)), "float"
    except ValueError:
        return None
    return None


def extracted_by_rule_stripped(response: str, kind: AnswerKind) -> tuple[str, str] | None:
    """Return the same of a response without outer white space, as lmms-eval 75571cf does."""
    return extracted_by_rule(response.strip(), kind)


def quickly_extracted(response: str, kind: AnswerKind) -> tuple[str, str] | None:
    """Return the same, or else the text in 'The answer is "…".', as the official code with `--quick_extract`."""
    return extracted_by_rule(response, kind) or next(((text, "quick") for text in _quoted(response)), None)


def _quoted(response: str) -> Iterator[str]:
    """Yield the text in 'The answer is "…".' of every line, as long as it can be."""
    begin, end = QUICK
    for line in response.split("\n"):
        text, ending, _ = line.partition(begin)[2].rpartition(end)
        if ending:
            yield text


def normalized(extraction: str, kind: AnswerKind) -> str | None:
    """Return an extraction in the form of the gold answer, None where it is no such number.

    For a choice: that of the first letter in brackets, or of the letter that is all; else the nearest by edits, so that
    every text is some choice, the empty one too. Integers are cut, floats rounded.
    """
    if kind.choices:
        return _choice(extraction.strip(), kind.choices)
    try:
        if kind.type == "integer":
            return str(int(float(extraction)))
        if kind.type == "float":
            return None if kind.precision is None else str(round(float(extraction), kind.precision))
    except (ValueError, OverflowError):
        return None
    return extraction


def _choice(text: str, choices: tuple[str, ...]) -> str:
    letters = LETTER.findall(text)
    name = letters[0].upper() if letters else text
    names = [chr(ord("A") + number) for number in range(len(choices))]
    return choices[names.index(name)] if name in names else min(choices, key=lambda choice: edits(name, choice))
