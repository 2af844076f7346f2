"""Equal texts: an answer is right if it equals a gold answer, once both are in the form that the protocol compares."""

import string
from typing import Callable

from pipeline_lib.benchmarks.families.answers import Comparison, Golds

PUNCTUATION = str.maketrans("", "", string.punctuation)


def _equal(compared: str, golds: Golds, form_of: Callable[[str], str] = str) -> Comparison:
    right = any(compared == form_of(gold) for gold in golds)
    return float(right), compared, "equal" if right else "different"


def as_it_is(answer: str, golds: Golds) -> Comparison:
    """Compare texts as they are, as GQA's own scorer does.

    Source: GQA's `eval.py` as in afra-baas/LLaVA 57e09fe `playground/data/eval/gqa/data/eval.py`.
    """
    return _equal(answer, golds)


def gqa_converted(answer: str, golds: Golds) -> Comparison:
    """Compare the answer in lower case and without full stops at its end, as LLaVA and InternVL convert it for GQA.

    Source: haotian-liu/LLaVA c121f04 `scripts/convert_gqa_for_eval.py`, OpenGVLab/InternVL 2410d1d
    `internvl_chat/eval/vqa/convert_gqa_for_eval.py`.
    """
    return _equal(answer.rstrip(".").lower(), golds)


def in_either_case(answer: str, golds: Golds) -> Comparison:
    """Compare both in lower case and without white space around them.

    Source: OpenGVLab/InternVL 7725e00 `internvl_chat/eval/vqa/evaluate_vqa.py`, open-compass/VLMEvalKit e8e78f0
    `vlmeval/dataset/utils/vqa_eval.py`.
    """
    return _equal(answer.strip().lower(), golds, lambda gold: gold.strip().lower())


def without_punctuation(answer: str, golds: Golds) -> Comparison:
    """Compare both in lower case and without punctuation, and the answer without white space around it first.

    Source: EvolvingLMMs-Lab/lmms-eval 75571cf `lmms_eval/api/metrics.py`, `lmms_eval/api/task.py`.
    """
    return _equal(_plain(answer.strip()), golds, _plain)


def _plain(text: str) -> str:
    return text.lower().translate(PUNCTUATION)
