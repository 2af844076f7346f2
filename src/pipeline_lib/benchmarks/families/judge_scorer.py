"""A scorer for judged benchmarks: readings of the judge's replies, run by run, and metrics averaged over the runs."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Callable, Mapping, Protocol, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Grade, Question, Tallies, Verdict
from pipeline_lib.benchmarks.families.counting import ASSUMED, ratio
from pipeline_lib.benchmarks.families.judging import NO_REPLY, JudgeReply, RecordedReader, RequestFunction

FAILED_REPLY = "failed reply"
UNREADABLE = "unreadable reply"


@dataclass(frozen=True)
class Reading:
    """What one reply says about an answer: a value from 0 to 1, what was read, and the rule.

    With `fallback`, the official code has a value although nothing could be read.
    """

    value: float
    extracted: JsonValue
    rule: str
    fallback: bool = False


class Reader(Protocol):
    """Reads the replies of one run."""

    def __call__(self, question: Question, gold: JsonValue, reply: JudgeReply) -> Reading | None:
        """Return what the replies say about an answer, None if they cannot be read."""


class WithoutJudge(Protocol):
    """Grades answers that need no judge."""

    def __call__(self, question: Question, gold: JsonValue, answer: str, protocol: str) -> Reading | None:
        """Return what is read from an answer itself, None if a judge must read it."""


def no_reading(question: Question, gold: JsonValue, answer: str, protocol: str) -> None:
    """Return None: no answer is graded without a judge."""


class RunCounting(Protocol):
    """Counts of what one run of the judge reads, and metrics as functions of their sums."""

    @property
    def width(self) -> int:
        """Return the number of counts."""

    def counts(self, verdict: Verdict, extracted: JsonValue) -> list[float]:
        """Return the counts of one reading."""

    def metrics(self, sums: NDArray[np.float64], parts: list[str]) -> dict[str, Any]:
        """Return every metric from sums [..., parts, runs, counts] as [..., runs]; 0/0 is NaN."""


@dataclass(frozen=True, kw_only=True)
class ReplyScorer:
    """Grades answers by the protocol's reader of replies, and averages every metric over the runs of the judge.

    `without_judge` grades the answers that need none: such a grade counts in every run. By the protocols `rules_first`
    it counts although there are replies, such as those of another protocol's judge.
    """

    readers: Mapping[str, Reader]
    request: RequestFunction
    recorded: RecordedReader
    counting: RunCounting
    without_judge: WithoutJudge = no_reading
    rules_first: frozenset[str] = frozenset()
    optional: bool = False

    def grade(self, question: Question, gold: JsonValue, answer: str, protocol: str) -> Grade:
        """Return the grade of an answer without any reply."""
        return self.judge(question, gold, answer, (), protocol)

    def judge(
        self, question: Question, gold: JsonValue, answer: str, replies: Sequence[JudgeReply], protocol: str
    ) -> Grade:
        """Return the grade of an answer from the replies to its request: the mean of the readable runs."""
        if not replies or protocol in self.rules_first:
            alone = self.without_judge(question, gold, answer, protocol)
            if alone is not None:
                return _grade([alone], alone.extracted)
        if not replies:
            return Grade(0.0, None, NO_REPLY, "unjudged")
        return grade_of(replies, partial(self.readers[protocol], question, gold))

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return [verdicts, parts, runs, counts]; runs that judged no answer are left out."""
        runs = judging_runs(verdicts)
        counts = np.zeros((len(verdicts), len(parts), len(runs), self.counting.width))
        for number, verdict in enumerate(verdicts):
            if verdict.answered:
                part = parts.index(verdict.question.part)
                for column, run in enumerate(runs):
                    extracted = of_run(verdict.grade.extracted, run)
                    if extracted is not None:
                        counts[number, part, column] = self.counting.counts(verdict, extracted)
        return counts

    def metrics(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return the mean of every metric over the runs that have it."""
        return {name: mean_of_runs(values) for name, values in self.of_runs(sums, parts).items()}

    def of_runs(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return every metric by run of the judge, [..., runs]."""
        return self.counting.metrics(sums, parts)


@dataclass(frozen=True, kw_only=True)
class BoundedReplyScorer(ReplyScorer):
    """A scorer whose metrics are means of marks between known limits, so that missing answers leave bounds.

    `limit` returns what would be read about an answer with the highest mark, or with the lowest.
    """

    limit: Callable[[JsonValue, bool], JsonValue]
    unbounded: tuple[str, ...] = ()

    def assumed(self, verdict: Verdict, right: bool) -> Verdict:
        """Return a verdict without an answer as if it had one with the highest mark in every run, or the lowest."""
        return replace(verdict, grade=Grade(float(right), self.limit(verdict.gold, right), ASSUMED))


def grade_of(replies: Sequence[JudgeReply], read: Callable[[JudgeReply], Reading | None]) -> Grade:
    """Return the mean of a judge's readable runs; without any, the answer is unjudged.

    `extracted` lists what each run reads.
    """
    by_run = {reply.run: None if reply.status == "failed" else read(reply) for reply in replies}
    readings = [reading for reading in by_run.values() if reading is not None]
    if not readings:
        failed = all(reply.status == "failed" for reply in replies)
        return Grade(0.0, None, FAILED_REPLY if failed else UNREADABLE, "unjudged")
    runs = [by_run.get(run) for run in range(max(by_run) + 1)]
    return _grade(readings, [None if reading is None else reading.extracted for reading in runs])


def judging_runs(verdicts: Sequence[Verdict]) -> list[int]:
    """Return the numbers of the runs that judged an answer, [0] if there is none."""
    lists = [verdict.grade.extracted for verdict in verdicts]
    return sorted({run for each in lists if isinstance(each, list) for run in _judging(each)}) or [0]


def _grade(readings: list[Reading], extracted: JsonValue) -> Grade:
    """Return the mean of readings as a grade, by the rules that they have; unparsed if one of them is a fallback."""
    value = sum(reading.value for reading in readings) / len(readings)
    rules = ", ".join(dict.fromkeys(reading.rule for reading in readings))
    fallback = any(reading.fallback for reading in readings)
    return Grade(value, extracted, rules, "unparsed" if fallback else "ok")


def _judging(extracted: list[JsonValue]) -> list[int]:
    """Return the numbers of the runs that judged an answer."""
    return [run for run, each in enumerate(extracted) if each is not None]


def of_run(extracted: JsonValue, run: int) -> JsonValue:
    """Return what a run read, None if nothing; what was read without a judge is the same in every run."""
    if not isinstance(extracted, list):
        return extracted
    return extracted[run] if run < len(extracted) else None


def mean_of_runs(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over the last axis of the values that are no NaN; NaN where there is none."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0.0).sum(axis=-1), defined.sum(axis=-1).astype(np.float64))
