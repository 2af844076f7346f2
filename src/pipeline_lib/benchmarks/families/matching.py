"""Letters that a language model matches with an answer, where rules read none; without a judge, rules alone decide.

Source: open-compass/VLMEvalKit e8e78f0 `vlmeval/dataset/utils/multiple_choice.py`, `extract_answer_from_item`; for the
protocol `lmms_eval`, the function of that name in EvolvingLMMs-Lab/lmms-eval 75571cf
`lmms_eval/tasks/mmbench/mmbench_evals.py`.
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
from pipeline_lib.benchmarks.families.judge_prompts import MATCHING, MATCHING_IN_CHINESE, MATCHING_LMMS_EVAL
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
from pipeline_lib.benchmarks.families.letters import FIVE, NO_LETTER, LetterReader, Options, vlmevalkit
from pipeline_lib.benchmarks.families.lmms_eval_letters import FOUR, lmms_eval_mmbench
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.seeding import derive_seed

TEMPERATURE = 0.0
TRIES = 3
MATCHED, UNMATCHED = "matched", "matches no option"
SEED = 0  # VLMEvalKit draws without one, lmms-eval in the order of the rows
CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True)
class MatchingJudge:
    """How a project has a language model match an answer: the model, its longest reply, and the form of the request.

    The request lists the options of `letters`, and `no_option` is the letter of none of them. A Chinese question has a
    form of its own.
    """

    model: str
    tokens: int
    form: str
    form_in_chinese: str
    reader: LetterReader
    letters: tuple[str, ...]
    no_option: str


VLMEVALKIT = MatchingJudge("gpt-4o-mini", 2048, MATCHING, MATCHING_IN_CHINESE, vlmevalkit, FIVE, "Z")
LMMS_EVAL = MatchingJudge(
    "gpt-4o-2024-11-20", 256, MATCHING_LMMS_EVAL, MATCHING_LMMS_EVAL, lmms_eval_mmbench, FOUR, "E"
)
JUDGES: Mapping[str, MatchingJudge] = {  # VLMEvalKit's is that of MMBench's server, to which the first two submit
    "llava15": VLMEVALKIT,
    "internvl12": VLMEVALKIT,
    "lmms_eval": LMMS_EVAL,
    "vlmevalkit": VLMEVALKIT,
}


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
        judge, options = JUDGES[protocol], question.options
        form = judge.form_in_chinese if CHINESE.search(str(gold)) else judge.form
        listed = "".join(f"{letter}. {options[letter]}\n" for letter in options if letter in judge.letters)
        content = form.format(gold, f"There are several options: \n{listed}", answer)
        attempts = (Attempt((Message("user", content),), TEMPERATURE),) * TRIES
        return JudgeRequest(question.id, judge.model, judge.tokens, attempts, partial(has_letter, judge, options))


def has_letter(judge: MatchingJudge, options: Options, reply: str) -> bool:
    """Return whether a reply names an option, or says that none matches."""
    return judge.reader(reply, options) != NO_LETTER


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
        """Return the grade of an answer: that of `grade` without a request, else the mean of the runs of a judge."""
        if self.request(question, gold, answer, protocol) is None:
            return self.grade(question, gold, answer, protocol)
        if not replies:
            return Grade(0.0, None, NO_REPLY, "unjudged")
        return grade_of(replies, partial(read_match, JUDGES[protocol], question, gold))

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


def read_match(judge: MatchingJudge, question: Question, gold: JsonValue, reply: JudgeReply) -> Reading | None:
    """Return the option that the first readable text of a reply names.

    After all tries in vain an option is drawn, or none, as in VLMEvalKit and lmms-eval; by the question's id and the
    run.
    """
    letters = (judge.reader(text, question.options) for text in reply.texts)
    letter, rule = next((each for each in letters if each != NO_LETTER), NO_LETTER)
    if letter in question.options:
        return Reading(float(letter == gold), letter, MATCHED)
    if (letter, rule) != NO_LETTER:
        return Reading(0.0, judge.no_option, UNMATCHED, fallback=True)
    if not reply.final:
        return None
    choices = [*question.options, judge.no_option]
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
