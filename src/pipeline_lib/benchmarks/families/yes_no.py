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
WORDS = ("true_yes", "false_yes", "true_no", "false_no")
COUNTS = (*WORDS, "neither", "pooled")
PAIRS = (("yes", "yes"), ("yes", "no"), ("no", "no"), ("no", "yes"))  # (answer, gold) of WORDS
FALLBACK = "fallback"
OTHER = ("other", FALLBACK)
NEITHER, UNKNOWN = "neither", "unknown"  # rules of POPE's answers without a word, by lmms-eval and VLMEvalKit
WITHOUT_WORD = frozenset({FALLBACK, NEITHER, UNKNOWN})
# The rules of these two projects, which pool the questions of all parts.
POOLED = frozenset({"whole", NEITHER, "alone", UNKNOWN})
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


def lmms_eval_pope(answer: str) -> tuple[str, str]:
    """Return the word that is the whole answer but for white space, in either case (`whole`), else other (`neither`).

    Source: EvolvingLMMs-Lab/lmms-eval 75571cf `lmms_eval/tasks/pope/utils.py`.
    """
    text = answer.lower().strip()
    return (text, "whole") if text in ("yes", "no") else (OTHER[0], NEITHER)


def vlmevalkit_pope(answer: str) -> tuple[str, str]:
    """Return the word of `vlmevalkit_yes_no` by the rule `alone`, else other (`unknown`)."""
    word, rule = vlmevalkit_yes_no(answer)
    return word, UNKNOWN if rule == FALLBACK else "alone"


def confusion(grade: Grade, gold: str) -> tuple[int, ...]:
    """Return the counts of one answer, in the order of COUNTS; any word but yes, no and other raises ValueError.

    VLMEvalKit counts an unknown answer as a no in F1, precision and recall, but as wrong in accuracy: it is a false no,
    or beside a gold no `neither`.
    """
    word = "no" if grade.rule == UNKNOWN and gold == "yes" else str(grade.extracted)
    index = len(WORDS) if word == OTHER[0] else PAIRS.index((word, gold))
    return (*(int(number == index) for number in range(len(WORDS) + 1)), int(grade.rule in POOLED))


def rates(counts: NDArray[np.float64]) -> dict[str, Any]:
    """Return F1, accuracy, precision, recall and the share of yes from counts [..., COUNTS]; 0/0 is NaN.

    By the rules of POOLED 0/0 is 0.
    """
    true_yes, false_yes, true_no, false_no, _, pooled = np.moveaxis(counts, -1, 0)
    answers = counts[..., : len(WORDS) + 1].sum(axis=-1)
    values = {
        "f1": ratio(2 * true_yes, 2 * true_yes + false_yes + false_no),
        "accuracy": ratio(true_yes + true_no, answers),
        "precision": ratio(true_yes, true_yes + false_yes),
        "recall": ratio(true_yes, true_yes + false_no),
        "yes": ratio(true_yes + false_yes, answers),
    }
    return {name: np.where((pooled > 0) & np.isnan(value), 0.0, value) for name, value in values.items()}


@dataclass(frozen=True)
class Rates:
    """The rates over all questions and by part; `f1` over all is the mean over the parts, as POPE's is published.

    By the rules of POOLED it is that of all questions together, as lmms-eval and VLMEvalKit print it.
    """

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return [verdicts, parts, COUNTS]; a row without an answer is zero."""
        counts = np.zeros((len(verdicts), len(parts), len(COUNTS)))
        for number, verdict in enumerate(verdicts):
            if verdict.answered:
                part = parts.index(verdict.question.part)
                counts[number, part] = confusion(verdict.grade, str(verdict.gold))
        return counts

    def metrics(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return `f1` as the mean over the parts, or pooled as the rest is, and each by part."""
        by_part, total = rates(sums), sums.sum(axis=-2)
        whole = rates(total)
        whole["f1"] = np.where(total[..., COUNTS.index("pooled")] > 0, whole["f1"], by_part["f1"].mean(axis=-1))
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
        return Grade(word == gold, word, rule, "unparsed" if rule in WITHOUT_WORD else "ok")

    def assumed(self, verdict: Verdict, right: bool) -> Verdict:
        """Return a verdict without an answer as if it had one, which is right or wrong."""
        word = verdict.gold if right else {"yes": "no", "no": "yes"}[str(verdict.gold)]
        return replace(verdict, grade=Grade(float(right), word, ASSUMED))
