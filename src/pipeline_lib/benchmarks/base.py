"""What every benchmark offers to the predict and score stages.

A benchmark module has `PRIMARY`, `PROTOCOLS`, and the functions `questions`, `gold`, `judge`, `tally` and `metrics`.
The predict stage reaches only `questions`, so that an edit of the scorer predicts nothing again.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline_lib.core.manifest import Manifest, raw_path
from pipeline_lib.core.settings import Settings

Tallies = NDArray[np.float64]


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
    """One question as the model is asked: id, prompt without image token and template, image or None, its part."""

    id: str
    prompt: str
    image: str | None
    part: str


@dataclass(frozen=True)
class Verdict:
    """What the scorer made of one answer.

    `rule` names the rule that decided; `status` is ok, unparsed (the rule is the scorer's fallback) or missing.
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
    """The members of a benchmark module."""

    PRIMARY: str
    PROTOCOLS: tuple[str, ...]

    def questions(self, files: Files) -> list[Question]:
        """Return the questions in the order of the question file."""

    def gold(self, files: Files, questions: list[Question]) -> dict[str, str]:
        """Return the gold answer of every question by its id; a question without one raises PipelineError."""

    def judge(self, question: Question, gold: str, answer: str) -> Verdict:
        """Return the verdict on one answer."""

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return counts [verdicts, …] that add up: the metrics are functions of their sums."""

    def metrics(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return every metric from summed tallies [..., …], with the leading axes kept."""
