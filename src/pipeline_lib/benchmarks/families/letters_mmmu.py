"""Extract the letter from an answer by MMMU's rules, of which lmms-eval has a variant; see `letters` for the form.

An answer without a letter has (None, "none"): that the original then draws one is the scorer's business.
"""

from typing import Callable, Mapping

from pipeline_lib.benchmarks.families.letters import NO_LETTER, Extraction, Options

ENDS = (",", ".", "!", "?", ";", ":", "'")  # are removed from both ends of an answer, in this order
SHORT = 5  # words of an answer in which the text of an option does not count

Mark = Callable[[str], str]


def mmmu(answer: str, options: Options) -> Extraction:
    """Return the letter that is last in the answer, by the first rule that applies to any.

    `brackets`: "(X)"; `word`: "X" between spaces; `text`: an option's text in either case, in more than five words.
    Source: MMMU-Benchmark/MMMU bb0b95a `mmmu/utils/eval_utils.py`.
    """
    return _last_letter(answer, options, {"brackets": "({})".format, "word": " {} ".format}, " {} ".format)


def lmms_eval_mmmu(answer: str, options: Options) -> Extraction:
    """Return the letter by MMMU's rules, but "X" before a space or full stop, also at the end of a word.

    "NBA" is A. Of several the last between spaces counts, and the first of all if none is.
    Source: EvolvingLMMs-Lab/lmms-eval 75571cf `lmms_eval/tasks/_task_utils/mmmu_mcq_utils.py`.
    """
    marks: dict[str, Mark] = {"brackets": "({})".format, "word": "{} ".format, "stop": "{}.".format}
    return _last_letter(answer, options, marks, " {} ".format)


def _last_letter(answer: str, options: Options, marks: Mapping[str, Mark], among_several: Mark) -> Extraction:
    """Return the letter whose mark is in the answer; of several, the last by brackets or by `among_several`."""
    for end in ENDS:
        answer = answer.strip(end)
    answer = f" {answer} "
    for rule, mark in marks.items():
        letters = [letter for letter in options if mark(letter) in answer]
        if letters:
            order = mark if rule == "brackets" else among_several
            return max(letters, key=lambda letter: answer.rfind(order(letter))), rule
    texts = {letter: text.lower() for letter, text in options.items() if text.lower() in answer.lower()}
    if texts and len(answer.split()) > SHORT:
        return max(texts, key=lambda letter: answer.lower().rfind(texts[letter])), "text"
    return NO_LETTER
