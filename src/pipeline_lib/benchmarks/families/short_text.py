"""Bring short answers into a common form: punctuation, number words, articles and contractions, as VQA's scorer does.

Source: GT-Vision-Lab/VQA a013f00 `PythonEvaluationTools/vqaEvaluation/vqaEval.py`, whose rules the others vary:
haotian-liu/LLaVA c121f04 `llava/eval/m4c_evaluator.py`, EvolvingLMMs-Lab/lmms-eval 75571cf
`lmms_eval/tasks/_task_utils/vqa_eval_metric.py`, open-compass/VLMEvalKit e8e78f0 `vlmeval/dataset/utils/vqa_eval.py`.
"""

import re
from functools import cache

MARKS = frozenset(';/[]"{}()=+\\_-><@`,?!')
GROUPED = re.compile(r"\d,\d")  # a comma between digits: then all marks vanish
GROUPED_OR_REPEATED = re.compile(r"\d,+\d")
STOP = re.compile(r"\.(?!\d)")  # its source has a mistyped look-behind that never matches
STOP_NOT_BESIDE_DIGITS = re.compile(r"(?<!\d)\.(?!\d)")
STOPS = 32  # of a text are removed: the sources pass re.UNICODE in the place of a count
NUMBERS = {
    "none": "0",
    "zero": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
}
ARTICLES = frozenset({"a", "an", "the"})
CONTRACTED = (
    "'ow's'at 'twas ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't "
    "haven't he'd he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am might've mightn't mightn't've "
    "must've mustn't needn't not've o'clock oughtn't shan't she'd've should've shouldn't shouldn't've somebody'd've "
    "somebody'll somebody's someone'd someone'd've someone'll someone's something'd something'd've something'll "
    "that's there'd there'd've there're there's they'd they'd've they'll they're they've wasn't we'd've we've "
    "weren't what'll what're what's what've when's where'd where's where've who'd who'd've who'll who's who've "
    "why'll why're why's won't would've wouldn't wouldn't've y'all y'all'd've y'all'll you'd you'd've you'll you're "
    "you've"
)


@cache
def contractions() -> dict[str, str]:
    """Return the words of CONTRACTED by their forms without one of the apostrophes, and one that loses its own."""
    shortened = {
        word[:index] + word[index + 1 :]: word
        for word in CONTRACTED.split()
        for index, character in enumerate(word)
        if character == "'"
    }
    return {**shortened, "somebody'd": "somebodyd"}


def on_one_line(text: str) -> str:
    """Return a text with spaces for line breaks and tabs, and none around it."""
    return text.replace("\n", " ").replace("\t", " ").strip()


def without_marks(text: str, grouped: re.Pattern[str] = GROUPED, stop: re.Pattern[str] = STOP) -> str:
    """Return a text without punctuation.

    A mark vanishes if it stands beside a space anywhere in the text, or if `grouped` matches; else it becomes a space.
    What `stop` matches vanishes, the first STOPS times.
    """
    marks = MARKS.intersection(text)
    if marks:
        vanish = grouped.search(text) is not None
        table: dict[str, str | int | None] = {
            mark: "" if vanish or f"{mark} " in text or f" {mark}" in text else " " for mark in marks
        }
        text = text.translate(str.maketrans(table))
    return stop.sub("", text, count=STOPS)


def in_plain_words(text: str) -> str:
    """Return a text in lower case, with digits for number words, without articles, with apostrophes in contractions."""
    words, longer = (NUMBERS.get(word, word) for word in text.lower().split()), contractions()
    return " ".join(longer.get(word, word) for word in words if word not in ARTICLES)


def vqa_text(text: str) -> str:
    """Return a text in the form of VQA's scorer."""
    return in_plain_words(without_marks(on_one_line(text)))


def lmms_text(text: str) -> str:
    """Return a text in lmms-eval's form for VQAv2, where repeated commas between digits count as one."""
    return in_plain_words(without_marks(on_one_line(text), grouped=GROUPED_OR_REPEATED))


def vlmevalkit_text(text: str) -> str:
    """Return a text in VLMEvalKit's form, where a full stop after a digit stays."""
    return in_plain_words(without_marks(on_one_line(text), stop=STOP_NOT_BESIDE_DIGITS))


def m4c_text(text: str) -> str:
    """Return a text in the form of M4C and EvalAI: commas and question marks vanish first, and "'s" is a word."""
    text = text.lower().replace(",", "").replace("?", "").replace("'s", " 's").strip()
    return in_plain_words(without_marks(on_one_line(text), grouped=GROUPED_OR_REPEATED))
