"""Extract the letter from an answer to a multiple-choice question, by the rules of several evaluations.

Each reader takes the answer and the options by letter, and returns (letter, the rule that decided). Those of ScienceQA
and MMBench return a letter beyond the options, which is wrong, by the rule `beyond`; without a decision the result is
(None, "none"). No reader guesses at random or asks a language model.
"""

import re
from string import ascii_uppercase, punctuation
from typing import Callable, Mapping

Options = Mapping[str, str]
Extraction = tuple[str | None, str]
LetterReader = Callable[[str, Options], Extraction]

NO_LETTER: Extraction = (None, "none")
FIVE = tuple("ABCDE")

REFUSALS = (
    "Sorry, I can't help with images of people yet.",
    "I can't process this file.",
    "I'm sorry, but without the image provided",
    "Cannot determine the answer",
)
NO_ANSWER = "Failed to obtain answer via API"
PUNCTUATION = str.maketrans(dict.fromkeys(".()[],:;!*#{}", " "))
NO_PUNCTUATION = str.maketrans("", "", punctuation)
LAST_WORDS = 5

TWO = {  # patterns of A or B, by rule
    "letter": r"^\s*\(?([AB])\)?\.?\s*$",
    "start": r"^\s*\(?([AB])\)?[\.\s]",
    "answer": r"answer\s+is\s+\(?([AB])\)?",
    "option": r"option\s+\(?([AB])\)?",
    "word": r"\(?([AB])\)?(?:\s|$)",
}


def llava_sqa(answer: str, options: Options) -> Extraction:
    """Return the letter by LLaVA's rules for ScienceQA.

    `letter`: the answer is a letter of A to E. `start`: it starts with one, a full stop and a space. `phrase`: it has
    "The answer is X" once, followed by any character.
    Source: haotian-liu/LLaVA c121f04 `llava/eval/eval_science_qa.py`.
    """
    if answer in FIVE:
        return _within(answer, "letter", options)
    if answer[:1] in FIVE and answer[1:3] == ". ":
        return _within(answer[0], "start", options)
    letters: list[str] = re.findall("The answer is ([A-Z]).", answer)
    return _within(letters[0], "phrase", options) if len(letters) == 1 else NO_LETTER


def internvl(answer: str, options: Options) -> Extraction:
    """Return the letter by InternVL's rules: those of `internvl_short`, then `stop` ("X."), then `brackets` ("(X)").

    Source: OpenGVLab/InternVL 2410d1d `internvl_chat/eval/scienceqa/evaluate_scienceqa.py`.
    """
    extraction = internvl_short(answer, options)
    stripped = answer.strip()
    if extraction != NO_LETTER:
        return extraction
    if len(stripped) > 1 and stripped[1] == ".":
        return _within(stripped[0], "stop", options)
    if len(stripped) > 2 and stripped[0] + stripped[2] == "()":
        return _within(stripped[1], "brackets", options)
    return NO_LETTER


def internvl_short(answer: str, options: Options) -> Extraction:
    """Return the letter by InternVL's rules for MMBench.

    `letter`: the answer is one character. `start`: its first character is an option's letter, so that "Apple" is A.
    `text`: the first option whose text occurs in it. Source: OpenGVLab/InternVL 2410d1d
    `internvl_chat/eval/mmbench/evaluate_mmbench.py`; the empty answer, an error in the original, has no letter here.
    """
    stripped = answer.strip()
    if len(stripped) == 1:
        return _within(stripped, "letter", options)
    if stripped[:1] in options:
        return stripped[0], "start"
    return next(((letter, "text") for letter, text in options.items() if text in stripped), NO_LETTER)


def internvl_mmbench(answer: str, options: Options) -> Extraction:
    """Return the letter by the rules of `internvl_short`, else by those of MMBench's server (`vlmevalkit`).

    The server gets the answer without outer white space.
    """
    extraction = internvl_short(answer, options)
    return vlmevalkit(answer.strip(), options) if extraction[0] is None else extraction


def lmms_eval(answer: str, options: Options) -> Extraction:
    """Return the letter by the rules of lmms-eval for ScienceQA.

    `letter`: the answer is an option's letter, in either case. `start`: a capital and a full stop come first.
    Source: EvolvingLMMs-Lab/lmms-eval 75571cf `lmms_eval/tasks/scienceqa/utils.py`.
    """
    stripped = answer.strip()
    if len(stripped) == 1:
        return _within(stripped.upper(), "letter", options)
    if stripped[:1].isupper() and stripped[1:2] == ".":
        return _within(stripped[0], "start", options)
    return NO_LETTER


def vlmevalkit(answer: str, options: Options) -> Extraction:
    """Return the letter by the rules of VLMEvalKit for MMBench without its language model.

    `refusal`: a known refusal, without a letter. `word`: exactly one option's letter is among the words between
    punctuation, and in the last four. `phrase`: "answer is X", X of A to D. `text`: the answer is no longer than twice
    all options and contains the text of exactly one, in either case.
    Source: open-compass/VLMEvalKit e8e78f0 `vlmeval/utils/matching_util.py`, after its change of 2025-08-04
    (c3371551): before, a letter counted among all words, and a text in an answer of any length. `phrase` is of
    2026-06-17 (a67ace50).
    """
    words = answer.translate(PUNCTUATION).split()
    if NO_ANSWER not in answer:
        letters = [letter for letter in options if letter in words]
        if any(refusal in answer for refusal in REFUSALS) or (not letters and "Z" in words):
            return None, "refusal"
        if len(letters) == 1 and words.index(letters[0]) > len(words) - LAST_WORDS:
            return letters[0], "word"
        phrase = re.search(r"answer\s+is\s+\**([ABCD])", answer, re.IGNORECASE)
        if phrase and phrase[1].upper() in options:
            return phrase[1].upper(), "phrase"
    if len(answer) > 2 * sum(map(len, options.values())):
        return NO_LETTER
    contained = [letter for letter, text in options.items() if text.lower() in answer.lower()]
    return (contained[0], "text") if len(contained) == 1 else NO_LETTER


def whole_letter(answer: str, options: Options) -> Extraction:
    """Return the letter that is the whole answer (`letter`).

    Source: haotian-liu/LLaVA c121f04 `scripts/convert_seed_for_submission.py`.
    """
    return (answer, "letter") if answer in options else NO_LETTER


def whole_letter_in_any_case(answer: str, options: Options) -> Extraction:
    """Return the letter that is the whole answer but for white space, in either case (`letter`).

    Source: OpenGVLab/InternVL 2410d1d `internvl_chat/eval/vqa/evaluate_vqa.py`, `evaluate_exact_match_accuracy`.
    """
    return whole_letter(answer.strip().upper(), options)


def lmms_eval_whole_letter(answer: str, options: Options) -> Extraction:
    """Return the letter before a full stop at the start (`start`), or that is all but punctuation (`letter`).

    Only the latter may be a small letter, and white space around it is no punctuation. Source:
    EvolvingLMMs-Lab/lmms-eval 75571cf `lmms_eval/tasks/ai2d/utils.py` and `lmms_eval/api/metrics.py`.
    """
    start = re.match(r"\s*([A-Z])\.", answer)
    if start:
        return (start[1], "start") if start[1] in options else NO_LETTER
    return whole_letter(answer.lower().translate(NO_PUNCTUATION).upper(), options)


def first_letter(answer: str, options: Options) -> Extraction:
    """Return the letter that is the first character (`letter` if it is the only one, else `start`).

    Source: OpenGVLab/InternVL 2410d1d `internvl_chat/eval/seed/calculation.py`; the empty answer is an error there.
    """
    return (answer[0], "letter" if len(answer) == 1 else "start") if answer[:1] in options else NO_LETTER


def first_letter_in_any_case(answer: str, options: Options) -> Extraction:
    """Return the letter that is the first character after white space, in either case; see `first_letter`.

    Source: EvolvingLMMs-Lab/lmms-eval 75571cf `lmms_eval/tasks/seedbench/utils.py`.
    """
    stripped = answer.strip()
    return first_letter(stripped[:1].upper() + stripped[1:], options)


def lmms_eval_two(answer: str, options: Options) -> Extraction:
    """Return A or B, of two options, by the first pattern that matches in either case, else the first character.

    `letter`: the whole answer; `start`: at its start, also the article "a"; `answer` and `option`: after "answer is" or
    "option"; `word`: before white space or the end, also as the end of a word; `first`: the first character. Source:
    EvolvingLMMs-Lab/lmms-eval 75571cf `lmms_eval/tasks/mmvp/utils.py`.
    """
    text = answer.strip()
    for rule, pattern in TWO.items():
        match = re.search(pattern, text, re.IGNORECASE)
        if match:
            return match[1].upper(), rule
    first = text[:1].upper()
    return (first, "first") if first in ("A", "B") else NO_LETTER


def _within(letter: str, rule: str, options: Options) -> Extraction:
    """Return the letter with its rule, `beyond` for a capital that is no option, NO_LETTER for other characters."""
    if letter in options:
        return letter, rule
    return (letter, "beyond") if letter in tuple(ascii_uppercase) else NO_LETTER
