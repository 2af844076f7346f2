"""What every benchmark offers to the predict, score and submit stages.

A benchmark module has `PRIMARY`, `SHOWN`, `PROTOCOLS`, and the functions `questions`, `gold`, `judge`,
`cluster`, `tally` and `metrics`; one whose answers are handed in elsewhere also has `submission`, and `SUBMISSION`, how
the file's name ends, without the dot.
The predict stage reaches only `questions`, so that an edit of the scorer predicts nothing again.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.core.plugins import load
from pipeline_lib.core.settings import Settings
from pipeline_lib.job.manifest import Manifest, raw_path

Tallies = NDArray[np.float64]

SOME = 5  # names in an error


@dataclass(frozen=True)
class Files:
    """Where the files of a benchmark lie: the question file, and the file or folder with the gold answers."""

    questions: Path
    gold: Path | None = None


class FileNames(Settings):
    """Which files of its dataset a benchmark reads."""

    questions: str = Field(description="the question file")
    gold: str | None = Field(default=None, description="the file or folder with the gold answers")


def open_files(shards: list[Manifest], names: FileNames) -> Files:
    """Return the benchmark's files in the raw shards of its dataset, verified."""
    return Files(raw_path(shards, names.questions), raw_path(shards, names.gold) if names.gold else None)


@dataclass(frozen=True)
class Question:
    """One question as the model is asked: id, prompt without image token and template, image or None, its part.

    `options` are the texts to choose from by letter, empty where answers are free. `record` has the keys of LLaVA's
    answer record that this benchmark fills in a way of its own or has beside the usual ones.
    `stem` is how every prompt of this question begins, where it may ask for any form of answer after that.
    With `padded_first` the original pads the image before it makes it RGB.
    """

    id: str
    prompt: str
    image: str | None
    part: str
    options: Mapping[str, str] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    padded_first: bool = False
    stem: str = ""


@dataclass(frozen=True)
class Verdict:
    """What the scorer made of one answer.

    `rule` names the rule that decided; `status` is ok, unparsed (no rule found an answer, the scorer's fallback
    decided, or the answer repeats its question) or missing.
    """

    id: str
    part: str
    image: str | None
    answer: str | None
    extracted: str | None
    gold: str
    correct: bool
    rule: str
    status: str


class Benchmark(Protocol):
    """The members of a benchmark module.

    `PRIMARY` is the metric that stands for the benchmark, `SHOWN` the few for a small table, `PROTOCOLS` whose prompts
    and scorers there are.
    """

    PRIMARY: str
    SHOWN: tuple[str, ...]
    PROTOCOLS: tuple[str, ...]

    def questions(self, files: Files, protocol: str) -> list[Question]:
        """Return the questions that a protocol asks, in the order of the question file."""

    def gold(self, files: Files, questions: list[Question], protocol: str) -> dict[str, str]:
        """Return the gold answer of every question by its id; a question without one raises PipelineError.

        Ids beside those of the questions belong to the benchmark although the question file does not ask them.
        """

    def judge(self, question: Question, gold: str, answer: str, protocol: str) -> Verdict:
        """Return the verdict on one answer."""

    def cluster(self, verdict: Verdict) -> str:
        """Return what the bootstrap draws as one: the name of the verdict's image, or of its group.

        A rehearsal takes it whole; it then asks before there are answers, by id, part and image alone.
        """

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return counts [verdicts, …] that add up: the metrics are functions of their sums.

        Rows of status missing are all zero. What is counted once for a group of rows stands on an answered one.
        """

    def metrics(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return every metric from summed tallies [..., …], with the leading axes kept; 0/0 is NaN."""


class Submitting(Protocol):
    """The further members of a benchmark whose answers are handed in as a file."""

    def submission(self, files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> bytes:
        """Return the file to hand in; a question without an answer has None."""


def load_benchmark(name: str, protocol: str) -> Benchmark:
    """Return a benchmark's module; an unknown benchmark or protocol raises PipelineError."""
    benchmark = cast(Benchmark, load("benchmarks", name))
    if protocol not in benchmark.PROTOCOLS:
        raise PipelineError(f"{name} has no such protocol", value=protocol, cure=suggest(protocol, benchmark.PROTOCOLS))
    return benchmark


@dataclass(frozen=True)
class QuestionCheck:
    """The questions of a benchmark, joined with their gold answers.

    `gold` is empty where it was not asked for; `parts` has the number of questions of each part; `unasked` are the ids
    with a gold answer that the question file does not ask.
    """

    questions: list[Question]
    gold: Mapping[str, str]
    parts: Mapping[str, int]
    unasked: list[str]


def check_questions(name: str, protocol: str, files: Files, scored: bool = True) -> QuestionCheck:
    """Return a benchmark's questions joined with their gold answers, which are not read unless it is `scored`.

    An unknown benchmark or protocol, a file without questions, an id that stands twice, and a question without a gold
    answer of the benchmark's closed set raise PipelineError.
    """
    benchmark = load_benchmark(name, protocol)
    questions = benchmark.questions(files, protocol)
    if not questions:
        raise PipelineError(f"no question that {name} asks by {protocol}", where=files.questions)
    ids = Counter(question.id for question in questions)
    repeated = [f"{identifier} ({times} times)" for identifier, times in ids.items() if times > 1]
    if repeated:
        raise PipelineError("the question file repeats an id", where=files.questions, value=some(repeated))
    gold = benchmark.gold(files, questions, protocol) if scored else {}
    without = sorted(ids.keys() - gold.keys()) if scored else []
    if without:
        raise PipelineError("questions without a gold answer", where=files.gold or files.questions, value=some(without))
    return QuestionCheck(questions, gold, Counter(question.part for question in questions), sorted(gold.keys() - ids))


def some(names: list[str]) -> str:
    """Return the first names of a list and how many there are beside them."""
    return ", ".join(names[:SOME]) + (f" and {len(names) - SOME} more" if len(names) > SOME else "")


def only(questions: list[Question], chosen: set[str] | None) -> list[Question]:
    """Return the chosen questions, all of them where nothing was chosen."""
    return questions if chosen is None else [question for question in questions if question.id in chosen]


def by_image(verdict: Verdict) -> str:
    """Return the verdict's image, or its id where it has none: the cluster of most benchmarks."""
    return verdict.image or verdict.id
