"""Read letters, judgements and short answers from Chinese answers, by CMMMU's rules.

Source: CMMMU-Benchmark/CMMMU e1ba883 `eval/utils/eval_utils.py`, which EvolvingLMMs-Lab/lmms-eval 75571cf
`lmms_eval/tasks/cmmmu/utils.py` ports with one difference.
"""

import re
from typing import Sequence

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Grade
from pipeline_lib.benchmarks.families.letters import NO_LETTER, Extraction, Options
from pipeline_lib.benchmarks.families.mmmu_answers import (
    DECIMALS,
    ENDS,
    Value,
    grade_of,
    parts_after,
    with_numbers,
)

RIGHT, WRONG = "对", "错"
JUDGEMENTS = {RIGHT: RIGHT, WRONG: WRONG}  # the options of a statement
BLANK_CUES = ("是", "为", "所以", "等于", "方案", "选择", "正确答案", "因此", "最后", "答案", "结果")
JUDGEMENT_CUES = ("是", "为", "所以", "判断", "陈述", "说法", "表达", "答案", "结果")
POSITIVE = ("正确", "对", "准确", "肯定", "对的")
NEGATIVE = ("不对", "错误", "不正确", "不准确", "不合适", "否定", "错的", "错")
AMBIGUOUS = ("对错", "是否正确", "否正确", "或者", "是否", "正确性", "对不")
SENTENCE = re.compile(r"。|\n")
NUMBERS = (
    re.compile(r"-?\d{1,3}(?:\uff0c\d{3})+"),  # with Chinese commas
    re.compile(r"-?\d+(?:\.\d+)?[eE][+-]?\d+"),  # scientific
    re.compile(r"-?(?:\d+\.\d+|\.\d+|\d+)(?![eE][+-]?\d+)(?!\uff0c\d)"),  # simple
)
MORE_CHARACTERS, MORE_LETTERS = 20, 2  # than the gold answer has: a longer text is no answer


def cmmmu(answer: str, options: Options) -> Extraction:
    """Return the letters or the judgement; the empty answer has no letter by the rule `empty`."""
    if options != JUDGEMENTS and not answer:
        return None, "empty"
    return lmms_eval_cmmmu(answer, options)


def lmms_eval_cmmmu(answer: str, options: Options) -> Extraction:
    """Return the letters or the judgement, by what the options are."""
    return _judgement(answer) if options == JUDGEMENTS else _letters(answer, options)


def cmmmu_blank(answer: str, gold: JsonValue) -> Grade:
    """Return the grade of a short answer: a gold text is contained in it, or a gold number equals one of its numbers.

    What follows a cue in a sentence is compared, or else the whole answer; texts much longer than the gold are not.
    """
    expected = str(gold)
    text = answer.strip("。").strip()
    *sentences, last = SENTENCE.split(text)
    parts = [*parts_after(sentences, BLANK_CUES), *parts_after([last], (*BLANK_CUES, "="))] or [text]
    answered = {value for part in with_numbers(parts, NUMBERS) for value in _values(part, expected)}
    return grade_of(answered, _values(expected, expected))


def _letters(answer: str, options: Options) -> Extraction:
    """Return the most frequent letters in their order.

    `brackets`: "(X)" counts; `letter`: else "X" anywhere; `text`: else the text of an option.
    """
    for end in ENDS:
        answer = answer.strip(end)
    answer = f" {answer} "
    forms = {
        "brackets": {letter: f"({letter})" for letter in options},
        "letter": {letter: letter for letter in options},
        "text": dict(options) if answer.split() else {},
    }
    for rule, texts in forms.items():
        counts = {letter: answer.count(text) for letter, text in texts.items()}
        most = max(counts.values(), default=0)
        if most:
            return "".join(letter for letter, count in counts.items() if count == most), rule
    return NO_LETTER


def _judgement(answer: str) -> Extraction:
    """Return the judgement of most of the parts after a cue, or else of the whole answer (`word`).

    A positive word counts before a negative one, so that 不对 is positive. Ambiguous parts do not count.
    """
    text = answer.strip("。").strip()
    parts = set(parts_after(SENTENCE.split(text), JUDGEMENT_CUES) or [text])
    clear = [part for part in parts if not _has(part, AMBIGUOUS)]
    positive = sum(_has(part, POSITIVE) for part in clear)
    negative = sum(_has(part, NEGATIVE) for part in clear if not _has(part, POSITIVE))
    if positive == negative:
        return NO_LETTER
    return (RIGHT if positive > negative else WRONG), "word"


def _has(text: str, words: Sequence[str]) -> bool:
    return any(word in text for word in words)


def _values(text: str, gold: str) -> list[Value]:
    """Return a text as the number that it is, or itself; nothing if it is much longer than the gold answer."""
    text = text.strip()
    try:
        return [round(float(text.replace(",", "")), DECIMALS)]
    except ValueError:
        longer = len(text) > len(gold) + MORE_CHARACTERS or _latin(text) > _latin(gold) + MORE_LETTERS
        return [] if longer else [text]


def _latin(text: str) -> int:
    return len(re.findall("[a-zA-Z]", text))
