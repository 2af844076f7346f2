"""VQA accuracy: how many of ten people gave an answer, averaged over every nine of them; three suffice for a 1.

A comparer brings the answer and the gold answers into a common form. The forms differ in what they do to which.
"""

from typing import Callable, Mapping, Sequence

from pipeline_lib.benchmarks.families.comparers import Comparer, Comparison, Golds
from pipeline_lib.benchmarks.families.short_answers import AnswerScorer
from pipeline_lib.benchmarks.families.short_text import (
    lmms_text,
    m4c_text,
    on_one_line,
    vlmevalkit_text,
    vqa_text,
    without_marks,
)

ENOUGH = 3  # people who must agree with an answer


def vqa_accuracy(answer: str, golds: Sequence[str]) -> Comparison:
    """Return the mean over the gold answers of min(1, equal ones among the others / 3), without changing a text."""
    count = sum(gold == answer for gold in golds)
    others = count * min(1, (count - 1) / ENOUGH) + (len(golds) - count) * min(1, count / ENOUGH)
    return others / len(golds), answer, f"{count} of {len(golds)}"


def _alike(text_of: Callable[[str], str], answer: str, golds: Golds) -> Comparison:
    """Compare an answer and the gold answers in the same form."""
    forms = {gold: text_of(gold) for gold in set(golds)}
    return vqa_accuracy(text_of(answer), [forms[gold] for gold in golds])


def m4c(answer: str, golds: Golds) -> Comparison:
    """Compare as LLaVA does for TextVQA, InternVL 2410d1d, and lmms-eval for all but VQAv2.

    Source: haotian-liu/LLaVA c121f04 `llava/eval/m4c_evaluator.py`.
    """
    return _alike(m4c_text, answer, golds)


def lmms_vqav2(answer: str, golds: Golds) -> Comparison:
    """Compare as lmms-eval does for VQAv2. Source: lmms-eval 75571cf `lmms_eval/tasks/vqav2/utils.py`."""
    return _alike(lmms_text, answer, golds)


def vlmevalkit(answer: str, golds: Golds) -> Comparison:
    """Compare as VLMEvalKit does. Source: VLMEvalKit e8e78f0 `vlmeval/dataset/utils/vqa_eval.py`."""
    return _alike(vlmevalkit_text, answer, golds)


def official_conditional(answer: str, golds: Golds) -> Comparison:
    """Compare as VQA's own scorer does: texts are changed only if the gold answers differ, else compared as they are.

    So "Yes" is wrong where all ten are "yes". Source: GT-Vision-Lab/VQA a013f00
    `PythonEvaluationTools/vqaEvaluation/vqaEval.py`.
    """
    stripped = tuple(map(on_one_line, golds))
    return _alike(vqa_text, answer, stripped) if len(set(stripped)) > 1 else vqa_accuracy(on_one_line(answer), stripped)


def official_converted(answer: str, golds: Golds) -> Comparison:
    """Compare as VQA's scorer does the answer that LLaVA converts for its server.

    Source: haotian-liu/LLaVA c121f04 `scripts/convert_vqav2_for_submission.py`.
    """
    return official_conditional(m4c_text(answer), golds)


def qwen(answer: str, golds: Golds) -> Comparison:
    """Compare as Qwen-VL does, and InternVL in the time of InternVL-Chat-V1.2.

    The answer is always brought into VQA's form; the gold answers only lose their punctuation, if they differ.
    Source: OpenGVLab/InternVL 7725e00 `internvl_chat/eval/vqa/vqa_eval.py`, QwenLM/Qwen-VL aa00ed0
    `eval_mm/vqa_eval.py`.
    """
    return vqa_accuracy(vqa_text(answer), [without_marks(gold) for gold in golds] if len(set(golds)) > 1 else golds)


VQA_READERS: Mapping[str, Comparer] = {
    "llava15": m4c,
    "internvl12": qwen,
    "lmms_eval": m4c,
    "vlmevalkit": vlmevalkit,
    "official": official_conditional,
}
SCORER = AnswerScorer(readers=VQA_READERS)
