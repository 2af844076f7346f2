"""ANLS: how similar an answer is to the gold answer most like it, by the edits between them; 0 below a half.

Source: QwenLM/Qwen-VL aa00ed0 `eval_mm/infographicsvqa_eval.py`, the script of the Robust Reading Competition.
"""

from pipeline_lib.benchmarks.families.answers import Comparison, Golds

LEAST = 0.5


def anls(answer: str, golds: Golds) -> Comparison:
    """Return 1 - edits / length for the best gold answer, 0 if that is below LEAST.

    Edits are between texts in lower case with single spaces, and the length is that of the longer text as it was.
    """
    compared = _form(answer)
    value = 1 - min(_distance(compared, answer, gold) for gold in golds)
    return (value, compared, "similar") if value >= LEAST else (0.0, compared, "different")


def anls_stripped(answer: str, golds: Golds) -> Comparison:
    """Return ANLS as lmms-eval does, which takes white space around an answer away first.

    Source: EvolvingLMMs-Lab/lmms-eval 75571cf `lmms_eval/api/metrics.py`, `lmms_eval/api/task.py`.
    """
    return anls(answer.strip(), golds)


def edits(first: str, second: str) -> int:
    """Return the least number of characters to insert, delete or replace to make one text the other."""
    row = list(range(len(first) + 1))
    for number, character in enumerate(second, 1):
        above, row = row, [number]
        for column, other in enumerate(first):
            row.append(above[column] if other == character else 1 + min(above[column], above[column + 1], row[-1]))
    return row[-1]


def _distance(compared: str, answer: str, gold: str) -> float:
    length = max(len(gold.upper()), len(answer.upper()))
    return edits(_form(gold), compared) / length if length else 0.0


def _form(text: str) -> str:
    return " ".join(text.lower().split())
