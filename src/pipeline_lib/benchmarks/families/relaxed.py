"""Relaxed accuracy: a number may be off by 5 per cent; anything else must be equal, in either case."""

from pipeline_lib.benchmarks.families.answers import Comparison, Golds

TOLERANCE = 0.05


def relaxed(answer: str, golds: Golds) -> Comparison:
    """Compare the answer, without white space around it: 5 per cent are those of the gold answer.

    Source: EvolvingLMMs-Lab/lmms-eval 75571cf `lmms_eval/tasks/chartqa/utils.py`, open-compass/VLMEvalKit e8e78f0
    `vlmeval/dataset/utils/vqa_eval.py`.
    """
    stripped = answer.strip()
    return _best([_is_close(stripped, gold) for gold in golds], stripped)


def relaxed_to_answer(answer: str, golds: Golds) -> Comparison:
    """Compare as InternVL and Qwen-VL do: 5 per cent are those of the answer, in whose place they pass the gold answer.

    Source: OpenGVLab/InternVL 7725e00 `internvl_chat/eval/vqa/evaluate_vqa.py`.
    """
    stripped = answer.strip()
    return _best([_is_close(gold, stripped) for gold in golds], stripped)


def _best(comparisons: list[tuple[bool, str]], compared: str) -> Comparison:
    right, rule = max(comparisons)
    return float(right), compared, rule


def _is_close(value: str, measure: str) -> tuple[bool, str]:
    """Return whether two texts are equal, or numbers with a difference of at most 5 per cent of `measure`."""
    number, whole = number_in(value), number_in(measure)
    if number is not None and whole:
        return abs(number - whole) / abs(whole) <= TOLERANCE, "number"
    return value.lower() == measure.lower(), "text"


def number_in(text: str) -> float | None:
    """Return the number that a text is, a hundredth of it before a per cent sign, or None."""
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None
