"""Extract the letter from an answer that should be one letter: the whole answer, or its first character.

Each reader takes the answer and the options by letter, and returns (letter, the rule that decided), as in `letters`.
"""

from pipeline_lib.benchmarks.families.letters import NO_LETTER, Extraction, Options


def whole_letter(answer: str, options: Options) -> Extraction:
    """Return the letter that is the whole answer (`letter`).

    Source: haotian-liu/LLaVA c121f04 `scripts/convert_seed_for_submission.py`.
    """
    return (answer, "letter") if answer in options else NO_LETTER


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
