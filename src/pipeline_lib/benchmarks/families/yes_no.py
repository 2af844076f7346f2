"""Yes or no: reading the word from free text, and the rates of a yes-no classifier."""

from dataclasses import dataclass
from typing import Any, Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Grade, Question, Tallies, Verdict
from pipeline_lib.benchmarks.families.counting import Counted, ratio

NEGATIONS = frozenset({"No", "not", "no"})
COUNTS = ("true_yes", "false_yes", "true_no", "false_no")
PAIRS = (("yes", "yes"), ("yes", "no"), ("no", "no"), ("no", "yes"))  # (answer, gold) of COUNTS
FALLBACK = "fallback"

WordReader = Callable[[str], tuple[str, str]]


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
    return "yes", "word" if has_yes else FALLBACK


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


@dataclass(frozen=True)
class Rates:
    """The rates over all questions and by part; `f1` over all is the mean over the parts, as POPE's is published."""

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return [verdicts, parts, COUNTS]: a single 1 in every answered row."""
        counts = np.zeros((len(verdicts), len(parts), len(COUNTS)))
        for number, verdict in enumerate(verdicts):
            if verdict.answered:
                part = parts.index(verdict.question.part)
                counts[number, part] = confusion(str(verdict.grade.extracted), str(verdict.gold))
        return counts

    def metrics(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return `f1` as the mean over the parts, the rest pooled, and each by part."""
        by_part = rates(sums)
        whole = {**rates(sums.sum(axis=-2)), "f1": by_part["f1"].mean(axis=-1)}
        split = {f"{name}/{part}": values[..., i] for name, values in by_part.items() for i, part in enumerate(parts)}
        return {**whole, **split}


@dataclass(frozen=True, kw_only=True)
class YesNoScorer(Counted):
    """Grades answers by the word that the protocol's reader extracts; its fallback counts, and is unparsed."""

    readers: Mapping[str, WordReader]

    def grade(self, question: Question, gold: JsonValue, answer: str, protocol: str) -> Grade:
        """Return the grade of one answer."""
        word, rule = self.readers[protocol](answer)
        return Grade(word == gold, word, rule, "unparsed" if rule == FALLBACK else "ok")
