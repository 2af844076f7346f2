"""Read yes or no from an answer to MME, by the rules of several evaluations.

Each reader returns (`yes`, `no` or `other`, the rule that decided); `other` is neither, so it is wrong and unparsed.
"""

import re

from pipeline_lib.benchmarks.families.yes_no import FALLBACK

OTHER = ("other", FALLBACK)
START = 4  # characters of an answer in which MME looks for the word

IN_CHINESE = {"\n": "", "不是": "No", "是": "Yes", "否": "No"}
SYNONYMS = {"true": "yes", "false": "no"}
CHINESE = re.compile("[\u4e00-\u9fa5]")

SPACED = ';/[]"{}()=+\\_-><@`,?!'  # punctuation of VQA's evaluation
NUMBER_COMMA = re.compile(r"\d,\d")
FULL_STOP = re.compile(r"(?<!\d)\.(?!\d)")
UNICODE = 32  # VLMEvalKit passes the flag re.UNICODE as the number of full stops to remove


def mme_start(answer: str) -> tuple[str, str]:
    """Return the word by MME's rule: in either case, the first four characters contain yes, or else no.

    `word`: the answer is that word; `start`: it only begins like it, as "know" and "Not" do.
    Source: BradyFU/Awesome-Multimodal-Large-Language-Models, branch Evaluation, `eval_tool/calculation.py`; the same
    in OpenGVLab/InternVL 2410d1d `internvl_chat/eval/mme/calculation.py`.
    """
    text = answer.lower()
    if text in ("yes", "no"):
        return text, "word"
    return next(((word, "start") for word in ("yes", "no") if word in text[:START]), OTHER)


def internvl_mme(answer: str) -> tuple[str, str]:
    """Return the word by MME's rule, once Chinese words and true and false are put into English.

    Source: OpenGVLab/InternVL 2410d1d `internvl_chat/eval/mme/eval.py`.
    """
    for chinese, english in IN_CHINESE.items():
        answer = answer.replace(chinese, english)
    answer = answer.lower()
    for synonym, word in SYNONYMS.items():
        answer = answer.replace(synonym, word)
    return mme_start(CHINESE.sub("", answer))


def lmms_eval_mme(answer: str) -> tuple[str, str]:
    """Return the word by MME's rule without full stops and outer white space; a single y or n is a word too.

    Source: EvolvingLMMs-Lab/lmms-eval 75571cf `lmms_eval/tasks/mme/utils.py`.
    """
    text = answer.lower().strip().replace(".", "")
    if len(text) == 1:
        return {"y": ("yes", "word"), "n": ("no", "word")}.get(text, OTHER)
    return mme_start(text)


def vlmevalkit_yes_no(answer: str) -> tuple[str, str]:
    """Return the word that occurs without the other, in either case and regardless of punctuation (`word`).

    Source: open-compass/VLMEvalKit e8e78f0 `vlmeval/dataset/utils/yorn.py`, without its language model.
    """
    words = _without_punctuation(answer.lower()).split()
    present = [word for word in ("yes", "no") if word in words]
    return (present[0], "word") if len(present) == 1 else OTHER


def _without_punctuation(text: str) -> str:
    """Return a text as VQA's evaluation cleans it: punctuation beside a space vanishes, other becomes a space."""
    has_comma = NUMBER_COMMA.search(text) is not None
    cleaned = text
    for mark in SPACED:
        vanishes = f"{mark} " in text or f" {mark}" in text or has_comma
        cleaned = cleaned.replace(mark, "" if vanishes else " ")
    return FULL_STOP.sub("", cleaned, count=UNICODE)
