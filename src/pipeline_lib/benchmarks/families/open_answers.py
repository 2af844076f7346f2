"""Grade a free answer by MMMU's rule: a gold text occurs in it, or a gold number is one of its numbers.

Source: MMMU-Benchmark/MMMU bb0b95a `mmmu/utils/eval_utils.py`.
"""

import re
from typing import Collection, Iterator

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Grade
from pipeline_lib.benchmarks.families.cues import parts_after

CUES = ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ")
NUMBERS = (
    re.compile(r"-?\b\d{1,3}(?:,\d{3})+\b"),  # with commas
    re.compile(r"-?\d+(?:\.\d+)?[eE][+-]?\d+"),  # scientific
    re.compile(r"-?(?:\d+\.\d+|\.\d+|\d+\b)(?![eE][+-]?\d+)(?![,\d])"),  # simple
)
DECIMALS = 2

Value = str | float


def mmmu_open(answer: str, gold: JsonValue) -> Grade:
    """Return the grade of a free answer; `gold` is a text, or a list of texts of which one must be right.

    `text`: a gold text is contained; `number`: a gold number is equal to two decimals. `extracted` lists all texts and
    numbers that were compared.
    """
    golds = gold if isinstance(gold, list) else [gold]
    expected = [value for text in golds for value in _values(str(text))]
    answered = {value for text in _with_numbers(_key_parts(answer)) for value in _values(text)}
    return match(expected, answered)


def match(expected: Collection[Value], answered: Collection[Value]) -> Grade:
    """Return the grade of normalised texts and numbers against those of the gold answer."""
    extracted: list[JsonValue] = [*sorted(map(str, answered))]
    texts = [value for value in answered if isinstance(value, str)]
    if any(isinstance(value, str) and value in text for value in expected for text in texts):
        return Grade(1, extracted, "text")
    if any(value in expected for value in answered if isinstance(value, float)):
        return Grade(1, extracted, "number")
    return Grade(0, extracted, "none")


def lmms_eval_open(answer: str, gold: JsonValue) -> Grade:
    """Return 0: lmms-eval compares the gold answer with single characters of the answer, and none can be equal.

    A gold text of one character is compared with a space beside it. Source: EvolvingLMMs-Lab/lmms-eval 75571cf
    `lmms_eval/tasks/mmmu/utils.py`, `mmmu_process_results`.
    """
    return Grade(0, mmmu_open(answer, gold).extracted, "characters")


def _key_parts(answer: str) -> list[str]:
    """Return what follows a cue in each line, or else the whole answer; "=" is a cue in the last line."""
    text = answer.strip().strip(".").lower()
    *lines, last = text.split("\n")
    return [*parts_after(lines, CUES), *parts_after([last], (*CUES, "="))] or [text]


def _with_numbers(parts: list[str]) -> Iterator[str]:
    """Yield the parts, and every number in them."""
    yield from parts
    for part in parts:
        for form in NUMBERS:
            yield from form.findall(part)


def _values(text: str) -> list[Value]:
    """Return a text as the number that it is, or in lower case; one character is two texts, with a space beside it."""
    text = text.strip()
    try:
        return [round(float(text.replace(",", "")), DECIMALS)]
    except ValueError:
        text = text.lower()
        return [f" {text}", f"{text} "] if len(text) == 1 else [text]
