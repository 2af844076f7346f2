"""Yes or no: reading the word from free text by the rules of several evaluations, and the rates of a classifier.

A reader returns the word and the rule that decided. MME's may find neither yes nor no: `other`, wrong and unparsed.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Grade, Question, Tallies, Verdict
from pipeline_lib.benchmarks.families.counting import ASSUMED, Counted, ratio
from pipeline_lib.benchmarks.families.short_text import STOP_NOT_BESIDE_DIGITS, without_marks

NEGATIONS = frozenset({"No", "not", "no"})
COUNTS = ("true_yes", "false_yes", "true_no", "false_no")
PAIRS = (("yes", "yes"), ("yes", "no"), ("no", "no"), ("no", "yes"))  # (answer, gold) of COUNTS
FALLBACK = "fallback"
OTHER = ("other", FALLBACK)
START = 4  # characters of an answer in which MME looks for the word

IN_CHINESE = {"\n": "", "不是": "No", "是": "Yes", "否": "No"}
SYNONYMS = {"true": "yes", "false": "no"}
CHINESE = re.compile("[\u4e00-\u9fa5]")

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
    words = without_marks(answer.lower(), stop=STOP_NOT_BESIDE_DIGITS).split()
    present = [word for word in ("yes", "no") if word in words]
    return (present[0], "word") if len(present) == 1 else OTHER


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

    unbounded: tuple[str, ...] = ("yes",)  # the share of yes: all answers may be yes, or none
    readers: Mapping[str, WordReader]

    def grade(self, question: Question, gold: JsonValue, answer: str, protocol: str) -> Grade:
        """Return the grade of one answer."""
        word, rule = self.readers[protocol](answer)
        return Grade(word == gold, word, rule, "unparsed" if rule == FALLBACK else "ok")

    def assumed(self, verdict: Verdict, right: bool) -> Verdict:
        """Return a verdict without an answer as if it had one, which is right or wrong."""
        word = verdict.gold if right else {"yes": "no", "no": "yes"}[str(verdict.gold)]
        return replace(verdict, grade=Grade(float(right), word, ASSUMED))
