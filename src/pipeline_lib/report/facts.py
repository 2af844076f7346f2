"""What the report knows: plain data, from which every section computes what it shows."""

from dataclasses import dataclass
from typing import Any, Mapping

from pipeline_lib.benchmarks.base import Verdict
from pipeline_lib.scoring.paired import Difference
from pipeline_lib.training.curve import Step


@dataclass(frozen=True)
class Pair:
    """Two runs on a benchmark, over the questions that both answered.

    `units` are what the first metric counts: questions, or groups of copies. `first_only` and `second_only` are the
    numbers of units that one run alone got right, `p` the exact test of them, None for grades between 0 and 1;
    `adjusted` is `p` by Holm over the benchmarks. `flipped` has the ids of questions whose grades differ.
    """

    benchmark: str
    first: str
    second: str
    metric: str
    difference: Difference | None
    units: int
    first_only: int
    second_only: int
    p: float | None
    adjusted: float | None
    flipped: tuple[str, ...]

    def of(self, run: str) -> Difference | None:
        """Return the difference from the view of one of the two runs."""
        each = self.difference
        if each is None or run == self.first:
            return each
        return Difference(-each.value, -each.high, -each.low, each.deviation)


@dataclass(frozen=True)
class BenchmarkFacts:
    """A benchmark: its scores as the score file has them, and the verdicts and prompts of every run.

    `shown` are the metrics for a small table, `first_metric` the first of them, or the primary one where there is none.
    `prompts` are those of the answers' records, by run and question.
    """

    name: str
    benchmark: str
    protocol: str
    first_metric: str | None
    shown: tuple[str, ...]
    stamp: str | None
    path: str
    scores: Mapping[str, Mapping[str, Any]]
    verdicts: Mapping[str, tuple[Verdict, ...]]
    prompts: Mapping[str, Mapping[str, str]]

    @property
    def metrics(self) -> list[str]:
        """Return the first metric, then the others to show, as far as a run has them."""
        names = dict.fromkeys([*([self.first_metric] if self.first_metric else []), *self.shown])
        return [name for name in names if any(name in score["metrics"] for score in self.scores.values())]


@dataclass(frozen=True)
class TrainingFacts:
    """A training and the steps of its curve; none for one that only composes a model."""

    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class DataFacts:
    """A dataset of images or a table of conversations: counts by what became of its files or rows."""

    name: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class JobFacts:
    """A finished job of the study: its stage, its name, and the seconds in which its outputs were made."""

    stage: str
    name: str
    seconds: float


@dataclass(frozen=True)
class Facts:
    """All that the page is made of."""

    title: str
    option: str
    stamp: str | None
    runs: tuple[str, ...]
    benchmarks: tuple[BenchmarkFacts, ...]
    pairs: tuple[Pair, ...] = ()
    trainings: tuple[TrainingFacts, ...] = ()
    datasets: tuple[DataFacts, ...] = ()
    tables: tuple[DataFacts, ...] = ()
    jobs: tuple[JobFacts, ...] = ()
    margin: float | None = None

    def pairs_of(self, benchmark: str) -> list[Pair]:
        """Return the pairs of runs on one benchmark."""
        return [pair for pair in self.pairs if pair.benchmark == benchmark]
