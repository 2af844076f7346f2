"""MMVP as its own repository scores it: a language model says whether each answer to a pair of questions is right.

Prompts of tsb0601/MMVP 4d6eaeb (`scripts/evaluate_mllm.py`), requests and scores of 05081e9 (`scripts/gpt_grader.py`).
The questions are those of the benchmark `mmvp`, whose protocols read letters.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Asking, Files, Question, Tallies, Verdict
from pipeline_lib.benchmarks.families.counting import ratio
from pipeline_lib.benchmarks.families.judge_scorer import BoundedReplyScorer, Reading
from pipeline_lib.benchmarks.families.judging import Attempt, JudgeReply, JudgeRequest, Message
from pipeline_lib.benchmarks.families.published import NO_ROWS
from pipeline_lib.benchmarks.mmvp import DATA, cluster, rows
from pipeline_lib.benchmarks.mmvp import gold as letters_of
from pipeline_lib.benchmarks.mmvp import questions as lettered_questions
from pipeline_lib.core.errors import PipelineError

PRIMARY = "accuracy"
SHOWN = ("accuracy", "accuracy/rows")
ROWS_SEEN = NO_ROWS
PROTOCOLS = {"official": Asking(1024)}
AS_IN_MMVP = "internvl12"  # of its protocols: the questions as the table has them, without corrections of gold

MODEL, TEMPERATURE = "gpt-4-0314", 0.2
SYSTEM = (
    "You are a helpful and precise assistant for checking the quality of the answer. Please answer in only yes or no."
)
YES_OR_NO = re.compile("^(yes|no)$", re.IGNORECASE)
PAIR = 2


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the questions with their options on one line; one without the other of its pair raises PipelineError."""
    texts = {row.id: row.question for row in rows(files)}
    asked = lettered_questions(files, AS_IN_MMVP)
    prompts = {each.id: f"{texts[each.id]} (a) {each.options['A']} (b) {each.options['B']}" for each in asked}
    return [replace(each, prompt=prompts[each.id], stem=texts[each.id]) for each in asked]


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, JsonValue]:
    """Return the correct option of every row, as the judge reads it: (a) or (b)."""
    letters = letters_of(files, questions, AS_IN_MMVP)
    return {name: f"({str(letter).lower()})" for name, letter in letters.items()}


def request(question: Question, gold: JsonValue, answer: str, protocol: str) -> JudgeRequest:
    """Return the request whether an answer is right."""
    content = (
        f"Given the following question {question.prompt}, the correct answer is {gold}. "
        f"Does the following answer correctly answers the question, answer:{answer}?"
    )
    messages = (Message("system", SYSTEM), Message("user", content))
    return JudgeRequest(question.id, MODEL, None, (Attempt(messages, TEMPERATURE),))


def read_yes_or_no(question: Question, gold: JsonValue, reply: JudgeReply) -> Reading | None:
    """Return whether the reply is yes; one that is neither yes nor no counts as no."""
    if not reply.texts:
        return None
    word = YES_OR_NO.match(reply.texts[-1])
    if word is None:
        return Reading(0.0, "neither", "neither yes nor no", fallback=True)
    return Reading(float(word[1].lower() == "yes"), word[1].lower(), "word")


def recorded(path: Path) -> list[JudgeReply]:
    """Raise PipelineError: MMVP's code writes no file of replies."""
    cure = "name JSON Lines with `id`, `run`, `texts` and `request`"
    raise PipelineError("MMVP's own code writes no file of replies", where=path, cure=cure)


@dataclass(frozen=True)
class PairMeans:
    """The share of pairs of which both answers are right, and the share of right answers."""

    width: int = 4

    def counts(self, verdict: Verdict, extracted: JsonValue) -> list[float]:
        """Return 1 and whether the answer is right; pairs are counted afterwards."""
        return [1.0, float(extracted == "yes"), 0.0, 0.0]

    def metrics(self, sums: NDArray[np.float64], parts: list[str]) -> dict[str, Any]:
        """Return `accuracy` over pairs and `accuracy/rows`, by run."""
        counts = sums.sum(axis=-3)
        return {
            "accuracy": ratio(counts[..., 3], counts[..., 2]),
            "accuracy/rows": ratio(counts[..., 1], counts[..., 0]),
        }


@dataclass(frozen=True, kw_only=True)
class PairScorer(BoundedReplyScorer):
    """Counts a pair in the row of its first question, in every run that judged both answers."""

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return [verdicts, parts, runs, (answers, right, pairs, right)]."""
        counts = BoundedReplyScorer.tally(self, verdicts, parts)
        pairs: dict[str, list[int]] = defaultdict(list)
        for number, verdict in enumerate(verdicts):
            if verdict.question.id.isdecimal():
                pairs[cluster(verdict.question)].append(number)
        for numbers in pairs.values():
            first = min(numbers, key=lambda number: int(verdicts[number].question.id))
            part = parts.index(verdicts[first].question.part)
            both = counts[numbers].sum(axis=(0, 1))
            counts[first, part, :, 2] = both[:, 0] == PAIR
            counts[first, part, :, 3] = both[:, 1] == PAIR
        return counts


def limit(gold: JsonValue, right: bool) -> JsonValue:
    """Return the word about a right answer or a wrong one."""
    return "yes" if right else "no"


SCORER = PairScorer(
    readers={"official": read_yes_or_no}, request=request, recorded=recorded, counting=PairMeans(), limit=limit
)
