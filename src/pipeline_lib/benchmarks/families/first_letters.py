"""Extract the letter from an answer that should be one letter: the whole answer, or its first character.

Each reader takes the answer and the options by letter, and returns (letter, the rule that decided), as in `letters`.
"""

import re
import string

from pipeline_lib.benchmarks.families.letters import NO_LETTER, Extraction, Options

NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


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
