"""Compare all pairs of runs on each benchmark: the same questions, drawn in the same clusters."""

from collections import defaultdict
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.benchmarks.base import Verdict, load_benchmark
from pipeline_lib.benchmarks.families.counting import Accuracy
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.report.facts import BenchmarkFacts, Pair
from pipeline_lib.report.units import Units, right_units
from pipeline_lib.scoring.bootstrap import cluster_sums
from pipeline_lib.scoring.paired import holm, mcnemar, metric_draws, paired_difference
from pipeline_lib.scoring.score import MISSING, UNASKED, rounded

Drawn = tuple[float, NDArray[np.float64]]  # a metric, and its draws
MEAN_GRADE = "mean grade"  # where the primary metric is not computed from verdicts alone


def compare_pairs(benchmarks: Iterable[BenchmarkFacts], seed: int) -> tuple[Pair, ...]:
    """Return every pair of runs on every benchmark; p-values are adjusted over the benchmarks of a pair of runs."""
    pairs = [pair for benchmark in benchmarks for pair in _pairs(benchmark, seed)]
    tests: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, pair in enumerate(pairs):
        if pair.p is not None:
            tests[pair.first, pair.second].append(index)
    for indices in tests.values():
        for index, adjusted in zip(indices, holm([pairs[index].p or 0.0 for index in indices]), strict=True):
            pairs[index] = replace(pairs[index], adjusted=adjusted)
    return tuple(pairs)


def best_run(runs: Sequence[str], pairs: Sequence[Pair]) -> str | None:
    """Return the run that is above every other one by a paired interval that excludes zero, None if none is."""
    for run in runs:
        views = [pair.of(run) for pair in pairs if run in (pair.first, pair.second)]
        if views and all(view is not None and view.low > 0 for view in views):
            return run
    return None


class _Answers:
    """The verdicts on the answers of a run, and the draws of its metrics, each computed once."""

    def __init__(self, facts: BenchmarkFacts, seed: int, verdicts: Sequence[Verdict]) -> None:
        self.verdicts = list(verdicts)
        self.answered = frozenset(verdict.question.id for verdict in verdicts if verdict.answered)
        self._benchmark = load_benchmark(facts.benchmark, facts.protocol)
        self._facts, self._seed = facts, seed
        self._drawn: dict[str, Drawn | None] = {}

    def drawn(self, metric: str) -> Drawn | None:
        """Return a metric and its draws, None where verdicts do not yield it."""
        if metric not in self._drawn:
            self._drawn[metric] = self._draw(metric)
        return self._drawn[metric]

    def only(self, ids: frozenset[str]) -> "_Answers":
        """Return the same run as if it had answered these questions alone."""
        if ids == self.answered:
            return self
        verdicts = [
            verdict if verdict.question.id in ids else replace(verdict, answer=None, grade=MISSING)
            for verdict in self.verdicts
        ]
        return _Answers(self._facts, self._seed, verdicts)

    def _draw(self, metric: str) -> Drawn | None:
        answered = [verdict for verdict in self.verdicts if verdict.answered]
        if not answered:
            return None
        parts = sorted({verdict.question.part for verdict in self.verdicts if verdict.grade.rule != UNASKED})
        scorer = Accuracy(MEAN_GRADE) if metric == MEAN_GRADE else self._benchmark.SCORER
        tallies = scorer.tally(self.verdicts, parts)[[verdict.answered for verdict in self.verdicts]]
        sums = cluster_sums(tallies, [self._benchmark.cluster(verdict.question) for verdict in answered])
        metrics = partial(scorer.metrics, parts=parts)
        values = metrics(sums.sum(axis=0))
        if metric not in values:
            return None
        seed = derive_seed(self._seed, "score", self._facts.benchmark)
        return float(values[metric]), metric_draws(sums, metrics, metric, seed)


def _pairs(facts: BenchmarkFacts, seed: int) -> list[Pair]:
    whole = {run: _Answers(facts, seed, verdicts) for run, verdicts in facts.verdicts.items()}
    metric = _metric(facts, whole)
    return [_pair(facts, metric, (first, second), whole) for first, second in combinations(whole, 2)]


def _metric(facts: BenchmarkFacts, whole: Mapping[str, _Answers]) -> str:
    """Return the primary metric if the verdicts of every run yield its value in the score file, else the mean grade."""
    if facts.primary is None:
        return MEAN_GRADE
    for run, answers in whole.items():
        drawn = answers.drawn(facts.primary)
        if drawn is None or rounded(drawn[0]) != facts.scores[run]["metrics"].get(facts.primary):
            return MEAN_GRADE
    return facts.primary


def _pair(facts: BenchmarkFacts, metric: str, runs: tuple[str, str], whole: Mapping[str, _Answers]) -> Pair:
    both = whole[runs[0]].answered & whole[runs[1]].answered
    first, second = (whole[run].only(both) for run in runs)
    drawn = first.drawn(metric), second.drawn(metric)
    difference = None
    if drawn[0] is not None and drawn[1] is not None:
        difference = paired_difference(drawn[0][0], drawn[1][0], drawn[0][1], drawn[1][1])
    scorer = load_benchmark(facts.benchmark, facts.protocol).SCORER
    units = [right_units(scorer, metric, answers.verdicts) for answers in (first, second)]
    grades = [{each.question.id: each.grade.value for each in answers.verdicts} for answers in (first, second)]
    flipped = tuple(name for name, grade in grades[0].items() if name in both and grades[1][name] != grade)
    count, first_only, second_only, p = _test(units, len(both))
    return Pair(facts.name, *runs, metric, difference, count, first_only, second_only, p, None, flipped)


def _test(units: Sequence[Units | None], questions: int) -> tuple[int, int, int, float | None]:
    """Return the number of units, those that one run alone got right, and the test; no test of partial grades."""
    first, second = units
    if first is None or second is None:
        return questions, 0, 0, None
    alone = sum(first[name] > second[name] for name in first), sum(second[name] > first[name] for name in first)
    return len(first), *alone, mcnemar(*alone)
