"""The interface of a benchmark module to the predict, score and submit stages.

A benchmark module has `PRIMARY`, `SHOWN`, `PROTOCOLS`, `SCORER`, `DATA`, and the functions `questions`, `gold` and
`cluster`; one with an evaluation server also has `submission`, and `SUBMISSION`, the suffix of the submitted file,
without the dot. `families/` has what benchmarks share; for many, only the reader of their file is left to write. A
member may be imported: what its family has under the member's name.
The predict stage reaches only `questions`, so that an edit of the scorer reruns no prediction.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Mapping, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, JsonValue

from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.core.plugins import load
from pipeline_lib.core.settings import Settings
from pipeline_lib.job.manifest import Manifest, raw_path

Tallies = NDArray[np.float64]

Status = Literal["ok", "unparsed", "failed", "missing", "unjudged"]

PROTOCOL = "llava15"  # where none is named
SOME = 5  # names in an error


@dataclass(frozen=True)
class Files:
    """The paths of a benchmark's question file, and of the file or folder with its gold answers."""

    questions: Path
    gold: Path | None = None


class FileNames(Settings):
    """The files of its dataset that a benchmark reads."""

    questions: str = Field(description="the question file")
    gold: str | None = Field(default=None, description="the file or folder with the gold answers")


def open_files(shards: list[Manifest], names: FileNames) -> Files:
    """Return the benchmark's files in the raw shards of its dataset, verified."""
    return Files(raw_path(shards, names.questions), raw_path(shards, names.gold) if names.gold else None)


@dataclass(frozen=True)
class Question:
    """One question: its id, prompt (without image token and template), images in the order of showing, and part.

    `options` are the choices by letter, empty where answers are free text. `record` has the keys of LLaVA's answer
    record that this benchmark fills differently or adds.
    `stem` is the fixed start of the prompt, where the request for a form of answer after it may vary.
    With `padded_first` the original pads the image before converting it to RGB.
    """

    id: str
    prompt: str
    images: tuple[str, ...]
    part: str
    options: Mapping[str, str] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    padded_first: bool = False
    stem: str = ""


@dataclass(frozen=True)
class Grade:
    """How right one answer is: a value from 0 (wrong) to 1 (right), what was extracted from it, and the deciding rule.

    `status` is ok, unparsed (no rule found an answer, the scorer's fallback decided, or the answer repeats its
    question), failed (the model gave no answer because of an error), missing, or unjudged (no reply of a judge says
    anything about the answer).
    """

    value: float
    extracted: JsonValue
    rule: str
    status: Status = "ok"

    def __post_init__(self) -> None:
        if not 0 <= self.value <= 1:
            raise ValueError(f"a grade is a number from 0 to 1, not {self.value}")


@dataclass(frozen=True)
class Verdict:
    """A question with its gold answer, its answer (None if it is missing or failed), and the grade of the answer."""

    question: Question
    gold: JsonValue
    answer: str | None
    grade: Grade

    @property
    def answered(self) -> bool:
        """Return whether there is an answer: only such verdicts count in metrics."""
        return self.grade.status in ("ok", "unparsed")


@dataclass(frozen=True)
class Asking:
    """How a protocol asks a question: the longest answer, in tokens, that its script lets a model generate."""

    max_new_tokens: int


class Scorer(Protocol):
    """Grades answers by a protocol, and computes metrics from the grades.

    A scorer may have `whole(verdicts)`: metrics by name that are no functions of sums, and so have no interval. It may
    have `unavailable()`: metrics that this machine cannot compute, each with the reason.
    """

    def grade(self, question: Question, gold: JsonValue, answer: str, protocol: str) -> Grade:
        """Return the grade of one answer."""

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return counts [verdicts, …] that add up: the metrics are functions of their sums.

        Rows without an answer are all zero. A count of a group of rows is in the row of one answered member.
        """

    def metrics(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return every metric from summed tallies [..., …], with the leading axes kept; 0/0 is NaN."""


class Benchmark(Protocol):
    """The members of a benchmark module.

    `PRIMARY` is the headline metric, `SHOWN` the few for a small table, `PROTOCOLS` the implemented protocols by name.
    `DATA` is in `config.benchmark_data.StatedBenchmark`: an edit of where data come from reruns no prediction.
    """

    PRIMARY: str
    SHOWN: tuple[str, ...]
    PROTOCOLS: Mapping[str, Asking]
    SCORER: Scorer

    def questions(self, files: Files, protocol: str) -> list[Question]:
        """Return the questions that a protocol asks, in the order of the question file."""

    def gold(self, files: Files, questions: list[Question], protocol: str) -> Mapping[str, JsonValue]:
        """Return the gold answer of every question by its id; a question without one raises PipelineError.

        Further ids belong to the benchmark although the question file does not ask them.
        """

    def cluster(self, question: Question) -> str:
        """Return the question's cluster, which the bootstrap draws as a whole: the name of its image or group.

        A rehearsal takes whole clusters.
        """


@dataclass(frozen=True)
class Upload:
    """A file to submit that cuts long texts: its content, the `cut` cells, and the `whole` table, empty if none is cut.

    A cut cell has `row` (the id in its first column), `column`, and `length` in characters; the table is a TSV.
    """

    content: bytes
    cut: tuple[dict[str, JsonValue], ...] = ()
    whole: str = ""


class Submitting(Protocol):
    """The further members of a benchmark whose answers are submitted as a file."""

    def submission(self, files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> bytes | Upload:
        """Return the file to submit; a question without an answer has None."""


def load_benchmark(name: str, protocol: str) -> Benchmark:
    """Return a benchmark's module; an unknown benchmark or protocol raises PipelineError."""
    benchmark = cast(Benchmark, load("benchmarks", name))
    if protocol not in benchmark.PROTOCOLS:
        raise PipelineError(f"{name} has no such protocol", value=protocol, cure=suggest(protocol, benchmark.PROTOCOLS))
    return benchmark


@dataclass(frozen=True)
class QuestionCheck:
    """The questions of a benchmark, joined with their gold answers.

    `gold` is empty where it was not requested; `parts` has the number of questions of each part; `unasked` are the ids
    with a gold answer that are not in the question file.
    """

    questions: list[Question]
    gold: Mapping[str, JsonValue]
    parts: Mapping[str, int]
    unasked: list[str]


def check_questions(name: str, protocol: str, files: Files, scored: bool = True) -> QuestionCheck:
    """Return a benchmark's questions joined with their gold answers; reads these only if `scored`.

    An unknown benchmark or protocol, a file without questions, a repeated id, and a question without a valid gold
    answer raise PipelineError.
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
    """Return the first names of a list and the number of further ones, as text."""
    return ", ".join(names[:SOME]) + (f" and {len(names) - SOME} more" if len(names) > SOME else "")


def only(questions: list[Question], chosen: set[str] | None) -> list[Question]:
    """Return the chosen questions, or all if `chosen` is None."""
    return questions if chosen is None else [question for question in questions if question.id in chosen]


def by_image(question: Question) -> str:
    """Return the question's image or images, or its id where it has none: the cluster of most benchmarks."""
    return " ".join(question.images) or question.id
