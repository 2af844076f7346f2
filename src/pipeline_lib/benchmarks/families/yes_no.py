"""Extract yes or no from free text, and count and rate the answers to yes-no questions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.benchmarks.families.ratio import ratio

NEGATIONS = frozenset({"No", "not", "no"})
COUNTS = ("true_yes", "false_yes", "true_no", "false_no")
PAIRS = (("yes", "yes"), ("yes", "no"), ("no", "no"), ("no", "yes"))  # (answer, gold) of COUNTS


def pope_words(text: str) -> tuple[str, str]:
    """Return ("yes" or "no", the rule that decided).

    POPE's rule: of the text up to the first full stop, without commas, split at single spaces, any word of NEGATIONS
    means no; everything else means yes. The rule is `word` where a word decided, `fallback` where there was neither.
    Source: AoiDragon/POPE 08d957b `evaluate.py`, haotian-liu/LLaVA c121f04 `llava/eval/eval_pope.py`.
    """
    words = text.split(".")[0].replace(",", "").split(" ")
    if NEGATIONS.intersection(words):
        return "no", "word"
    has_yes = any(word.strip("!?:;\"'").lower() == "yes" for word in words)
    return "yes", "word" if has_yes else "fallback"


def confusion(answer: str, gold: str) -> tuple[int, ...]:
    """Return one answer one-hot over COUNTS; any word but yes and no raises ValueError."""
    index = PAIRS.index((answer, gold))
    return tuple(int(number == index) for number in range(len(PAIRS)))


def rates(counts: NDArray[np.float64]) -> dict[str, Any]:
    """Return F1, accuracy, precision, recall and the share of yes from counts [..., COUNTS]; 0/0 is NaN."""
    true_yes, false_yes, true_no, false_no = np.moveaxis(counts, -1, 0)
    return {
        "f1": ratio(2 * true_yes, 2 * true_yes + false_yes + false_no),
        "accuracy": ratio(true_yes + true_no, counts.sum(axis=-1)),
        "precision": ratio(true_yes, true_yes + false_yes),
        "recall": ratio(true_yes, true_yes + false_no),
        "yes": ratio(true_yes + false_yes, counts.sum(axis=-1)),
    }
