"""Yes or no from free text, and the counts and rates of a yes-no question."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.benchmarks.families.ratio import ratio

NEGATIONS = frozenset({"No", "not", "no"})
COUNTS = ("true_yes", "false_yes", "true_no", "false_no")
PAIRS = (("yes", "yes"), ("yes", "no"), ("no", "no"), ("no", "yes"))  # (said, gold) of COUNTS


def pope_words(text: str) -> tuple[str, str]:
    """Return ("yes" or "no", the rule that decided).

    POPE's rule: of the text up to the first full stop, without commas, split at single spaces, any word of NEGATIONS
    says no; everything else says yes. The rule is `word` where a word decided, `fallback` where neither was said.
    Source: AoiDragon/POPE 08d957b `evaluate.py`, haotian-liu/LLaVA c121f04 `llava/eval/eval_pope.py`.
    """
    words = text.split(".")[0].replace(",", "").split(" ")
    if NEGATIONS.intersection(words):
        return "no", "word"
    said_yes = any(word.strip("!?:;\"'").lower() == "yes" for word in words)
    return "yes", "word" if said_yes else "fallback"


def confusion(said: str, gold: str) -> tuple[int, ...]:
    """Return one answer's place among COUNTS as ones and zeros; a word beside yes and no raises ValueError."""
    place = PAIRS.index((said, gold))
    return tuple(int(number == place) for number in range(len(PAIRS)))


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
