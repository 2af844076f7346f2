"""Read letters and free answers by MMMU's rules, of which lmms-eval has variants.

An answer without a letter has (None, "none"), as in `letters`: that the original then draws one is the scorer's
business. Source: MMMU-Benchmark/MMMU bb0b95a `mmmu/utils/eval_utils.py`.
"""

import re
from typing import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Grade
from pipeline_lib.benchmarks.families.letters import NO_LETTER, Extraction, Options

ENDS = (",", ".", "!", "?", ";", ":", "'")  # are removed from both ends of an answer, in this order
SHORTEST = 5  # words of an answer up to which the text of an option does not count
CUES = ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ")
TRIVIAL = frozenset(":,.!?;'")
NUMBERS = (
    re.compile(r"-?\b\d{1,3}(?:,\d{3})+\b"),  # with commas
    re.compile(r"-?\d+(?:\.\d+)?[eE][+-]?\d+"),  # scientific
    re.compile(r"-?(?:\d+\.\d+|\.\d+|\d+\b)(?![eE][+-]?\d+)(?![,\d])"),  # simple
)
DECIMALS = 2

Format = Callable[[str], str]  # how a letter is written in an answer
Value = str | float


def mmmu(answer: str, options: Options) -> Extraction:
    """Return the letter that is last in the answer, by the first rule that applies to any.

    `brackets`: "(X)"; `word`: "X" between spaces; `text`: an option's text in either case, in more than five words.
    """
    return _last_letter(answer, options, {"brackets": "({})".format, "word": " {} ".format})


def lmms_eval_mmmu(answer: str, options: Options) -> Extraction:
    """Return the letter by MMMU's rules, but "X" before a space or full stop, also at the end of a word.

    "NBA" is A. Of several the last between spaces counts, and the first of all if none is.
    Source: EvolvingLMMs-Lab/lmms-eval 75571cf `lmms_eval/tasks/_task_utils/mmmu_mcq_utils.py`.
    """
    return _last_letter(answer, options, {"brackets": "({})".format, "word": "{} ".format, "stop": "{}.".format})


def mmmu_open(answer: str, gold: JsonValue) -> Grade:
    """Return the grade of a free answer; `gold` is a text, or a list of texts of which one must be right.

    `text`: a gold text is contained; `number`: a gold number is equal to two decimals. `extracted` lists all compared
    texts and numbers.
    """
    golds = gold if isinstance(gold, list) else [gold]
    expected = [value for text in golds for value in _values(str(text))]
    answered = {value for text in with_numbers(_key_parts(answer), NUMBERS) for value in _values(text)}
    return grade_of(answered, expected)


def lmms_eval_open(answer: str, gold: JsonValue) -> Grade:
    """Return 0: lmms-eval compares the gold answer with single characters of the answer, and none can be equal.

    A gold text of one character is compared with a space beside it. Source: EvolvingLMMs-Lab/lmms-eval 75571cf
    `lmms_eval/tasks/mmmu/utils.py`, `mmmu_process_results`.
    """
    return Grade(0, mmmu_open(answer, gold).extracted, "characters")


def grade_of(answered: Collection[Value], expected: Collection[Value]) -> Grade:
    """Return the grade of the normalised texts and numbers of an answer against those of the gold answer."""
    extracted: list[JsonValue] = [*sorted(map(str, answered))]
    texts = [value for value in answered if isinstance(value, str)]
    if any(isinstance(value, str) and value in text for value in expected for text in texts):
        return Grade(1, extracted, "text")
    if any(value in expected for value in answered if isinstance(value, float)):
        return Grade(1, extracted, "number")
    return Grade(0, extracted, "none")


def parts_after(sentences: Iterable[str], cues: Sequence[str]) -> list[str]:
    """Return what follows a cue in each sentence that has one, except for a single mark of punctuation."""
    parts = (_after(sentence, cues) for sentence in sentences)
    return [part for part in parts if part and part not in TRIVIAL]


def with_numbers(parts: list[str], forms: Iterable[re.Pattern[str]]) -> Iterator[str]:
    """Yield the parts, and every number in them, written in one of the forms."""
    yield from parts
    for part in parts:
        for form in forms:
            yield from form.findall(part)


def _last_letter(answer: str, options: Options, formats: Mapping[str, Format]) -> Extraction:
    """Return the letter that an answer has in the first format that it has any in, or the option whose text it has.

    Of several letters the last in `brackets` counts, by another format the last between spaces; of texts, the last.
    """
    for end in ENDS:
        answer = answer.strip(end)
    answer = f" {answer} "
    for rule, written in formats.items():
        letters = [letter for letter in options if written(letter) in answer]
        if letters:
            order = written if rule == "brackets" else " {} ".format
            return max(letters, key=lambda letter: answer.rfind(order(letter))), rule
    texts = {letter: text.lower() for letter, text in options.items() if text.lower() in answer.lower()}
    if texts and len(answer.split()) > SHORTEST:
        return max(texts, key=lambda letter: answer.lower().rfind(texts[letter])), "text"
    return NO_LETTER


def _after(sentence: str, cues: Sequence[str]) -> str:
    """Return the shortest text after the last occurrence of a cue; an empty one gives way to the next."""
    shortest = ""
    for cue in cues:
        if cue in sentence:
            rest = sentence.split(cue)[-1].strip()
            shortest = rest if not shortest or len(rest) < len(shortest) else shortest
    return shortest


def _key_parts(answer: str) -> list[str]:
    """Return what follows a cue in each line, or else the whole answer; "=" is a cue in the last line."""
    text = answer.strip().strip(".").lower()
    *lines, last = text.split("\n")
    return [*parts_after(lines, CUES), *parts_after([last], (*CUES, "="))] or [text]


def _values(text: str) -> list[Value]:
    """Return a text as the number that it is, or in lower case; one character is two texts, with a space beside it."""
    text = text.strip()
    try:
        return [round(float(text.replace(",", "")), DECIMALS)]
    except ValueError:
        text = text.lower()
        return [f" {text}", f"{text} "] if len(text) == 1 else [text]
