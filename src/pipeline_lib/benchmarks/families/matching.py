"""Letters that a language model matches with an answer, where rules read none; without a judge, rules alone decide.

Source: open-compass/VLMEvalKit e8e78f0 `vlmeval/dataset/utils/multiple_choice.py`, `extract_answer_from_item`.
"""

import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Files, Grade, Question, Tallies, Verdict
from pipeline_lib.benchmarks.families.choice import LetterScorer
from pipeline_lib.benchmarks.families.counting import Counted
from pipeline_lib.benchmarks.families.judge_prompts import MATCHING, MATCHING_IN_CHINESE
from pipeline_lib.benchmarks.families.judge_scorer import Reading, grade_of, judging_runs, mean_of_runs, of_run
from pipeline_lib.benchmarks.families.judging import (
    NO_REPLY,
    Attempt,
    JudgeReply,
    JudgeRequest,
    Message,
    RecordedReader,
    RequestFunction,
)
from pipeline_lib.benchmarks.families.letter_or_text import RANDOM
from pipeline_lib.benchmarks.families.letters import NO_LETTER, LetterReader, Options, vlmevalkit
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.seeding import derive_seed

MODEL, TOKENS, TEMPERATURE = "gpt-4o-mini", 2048, 0.0  # VLMEvalKit's for multiple choice
TRIES = 3
NO_OPTION = "Z"  # the letter of an answer that means none of the options
MATCHED, UNMATCHED = "matched", "matches no option"
SEED = 0  # VLMEvalKit draws without one
CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True)
class MatchingRequest:
    """The `request` of a benchmark whose answers without a letter a judge matches with the options.

    It quotes the question as `quoted` reads it from the files: a prompt has the hint too.
    """

    readers: Mapping[str, LetterReader]
    quoted: Callable[[Files], Mapping[str, JsonValue]]

    def __call__(self, question: Question, gold: JsonValue, answer: str, protocol: str) -> JudgeRequest | None:
        """Return the request for a letter, None where the protocol's reader has one or reads a refusal.

        `gold` is what `quoted` returns for the question.
        """
        if self.readers[protocol](answer, question.options) != NO_LETTER:
            return None
        form = MATCHING_IN_CHINESE if CHINESE.search(str(gold)) else MATCHING
        options = "".join(f"{letter}. {text}\n" for letter, text in question.options.items())
        content = form.format(gold, f"There are several options: \n{options}", answer)
        attempt = Attempt((Message("user", content),), TEMPERATURE)
        return JudgeRequest(question.id, MODEL, TOKENS, (attempt,) * TRIES, partial(has_letter, question.options))


def has_letter(options: Options, reply: str) -> bool:
    """Return whether a reply names an option, or says that none matches."""
    return vlmevalkit(reply, options) != NO_LETTER


def no_recordings(path: Path) -> list[JudgeReply]:
    """Raise PipelineError: VLMEvalKit keeps the replies in logs of whole groups."""
    cure = "name JSON Lines with `id`, `run`, `texts` and `request`"
    raise PipelineError("no file of VLMEvalKit with the replies of a judge is read", where=path, cure=cure)


@dataclass(frozen=True, kw_only=True)
class MatchingScorer(LetterScorer):
    """Grades answers by the reader's letter, and those without one by the letters that a judge matches, run by run."""

    request: RequestFunction
    recorded: RecordedReader = no_recordings
    optional: bool = True

    def judge(
        self, question: Question, gold: JsonValue, answer: str, replies: Sequence[JudgeReply], protocol: str
    ) -> Grade:
        """Return the grade of an answer: that of the reader where it decides, else the mean of the runs of a judge."""
        if self.readers[protocol](answer, question.options) != NO_LETTER:
            return self.grade(question, gold, answer, protocol)
        if not replies:
            return Grade(0.0, None, NO_REPLY, "unjudged")
        return grade_of(replies, partial(read_match, question, gold))

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return [verdicts, parts, runs, counts]; runs that judged no answer are left out."""
        runs = judging_runs(verdicts)
        by_run = [Counted.tally(self, [_in_run(verdict, run) for verdict in verdicts], parts) for run in runs]
        return np.stack(by_run, axis=2)

    def metrics(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return the mean of every metric over the runs that have it."""
        return {name: mean_of_runs(values) for name, values in self.of_runs(sums, parts).items()}

    def of_runs(self, sums: Tallies, parts: list[str]) -> dict[str, NDArray[np.float64]]:
        """Return every metric by run of the judge, [..., runs]."""
        return Counted.metrics(self, np.moveaxis(sums, -2, -3), parts)


def read_match(question: Question, gold: JsonValue, reply: JudgeReply) -> Reading | None:
    """Return the option that the first readable text of a reply names.

    After all tries in vain an option is drawn, or none, as in VLMEvalKit; by the question's id and the run.
    """
    letters = (vlmevalkit(text, question.options) for text in reply.texts)
    letter, rule = next((each for each in letters if each != NO_LETTER), NO_LETTER)
    if letter is not None:
        return Reading(float(letter == gold), letter, MATCHED)
    if (letter, rule) != NO_LETTER:
        return Reading(0.0, NO_OPTION, UNMATCHED, fallback=True)
    if not reply.final:
        return None
    choices = [*question.options, NO_OPTION]
    drawn = choices[derive_seed(SEED, RANDOM, f"{question.id} {reply.run}") % len(choices)]
    return Reading(float(drawn == gold), drawn, RANDOM, fallback=True)


def _in_run(verdict: Verdict, run: int) -> Verdict:
    """Return a verdict as one run of the judge has it: without a grade where that run cannot be read."""
    extracted = verdict.grade.extracted
    if not isinstance(extracted, list):
        return verdict
    letter = of_run(extracted, run)
    if letter is None:
        return replace(verdict, grade=Grade(0.0, None, NO_REPLY, "unjudged"))
    return replace(verdict, grade=replace(verdict.grade, value=float(letter == verdict.gold)))
