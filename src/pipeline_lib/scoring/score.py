"""The score stage: grade answers against gold, and turn the verdicts into one run's score object."""

import math
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Mapping, Sequence

from pydantic import Field, JsonValue

from pipeline_lib.benchmarks.base import (
    PROTOCOL,
    Benchmark,
    FileNames,
    Files,
    Grade,
    Question,
    QuestionCheck,
    Verdict,
    load_benchmark,
)
from pipeline_lib.benchmarks.families.judge_replies import read_replies
from pipeline_lib.benchmarks.families.judging import is_always_judged, judged_scorer, quoted_by
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import PluginName
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.core.settings import Settings
from pipeline_lib.scoring.answers import Joined, repeats
from pipeline_lib.scoring.bootstrap import cluster_sums, intervals
from pipeline_lib.scoring.judged import Judging, judged_score
from pipeline_lib.scoring.published import PublishedFigure, compared
from pipeline_lib.scoring.quality import SUSPECT_ABOVE, quality

SCHEMA = 1
UNASKED = "unasked"
MISSING, FAILED = Grade(0.0, None, "none", "missing"), Grade(0.0, None, "none", "failed")
NOT_ASKED = Grade(0.0, None, UNASKED, "missing")
SCORING = ("questions", "gold", "cluster", "SCORER", "PRIMARY")  # not where a benchmark's data come from
DIGITS = 10  # decimals written, so that a sum in another order gives the same file


class ScoreSettings(Settings):
    """The scorer and its protocol."""

    benchmark: Annotated[str, PluginName("benchmarks", members=SCORING)] = Field(
        description="a module in pipeline_lib/benchmarks"
    )
    protocol: str = Field(default=PROTOCOL, description="whose prompts, settings and scorer")
    files: FileNames
    seed: int = Field(default=0, description="seed of the bootstrap")
    suspect_above: float = Field(default=SUSPECT_ABOVE, ge=0, le=1, description="as in the study")
    limit: int | None = Field(default=None, description="as in the study: about how many questions were asked")
    slice: int | None = Field(default=None, description="as in the study: how many of the first questions were asked")
    answer_in: str | None = Field(default=None, description="as in the study: the section of an answer to read")
    published: list[PublishedFigure] = Field(default=[], description="published figures to compare the score with")

    def part(self) -> str | None:
        """Return the name of the asked part of the questions, None if the study states none."""
        if self.slice is not None:
            return f"slice {self.slice}"
        return None if self.limit is None else f"limit {self.limit}"


def open_judging(
    settings: ScoreSettings, files: Files, answer_ids: Mapping[str, str], replies: Sequence[Path]
) -> Judging | None:
    """Return the judging of answers by files of replies.

    None for a benchmark that no model judges, and for one that need not be judged if there is no file. `answer_ids` has
    the id of every answer that has one, by the id of its question.
    """
    scorer = judged_scorer(load_benchmark(settings.benchmark, settings.protocol).SCORER)
    if scorer is None or (scorer.optional and not replies):
        return None
    quoted = quoted_by(scorer.request, files)
    return Judging(scorer, settings.protocol, read_replies(replies, scorer.recorded), answer_ids, quoted)


def grade_joined(
    joined: Joined,
    checked: QuestionCheck,
    settings: ScoreSettings,
    unasked: list[str],
    judging: Judging | None = None,
) -> list[Verdict]:
    """Return a verdict for every joined question, in their order; the answers to a judged benchmark: by `judging`.

    Missing answers, and those that the record calls failed, have statuses of their own. The `unasked` questions of the
    benchmark, which are not in the question file, come last, missing by the rule `unasked`.
    """
    if judging is not None:
        judging.expect_known(checked.gold.keys())
    benchmark, gold, verdicts = load_benchmark(settings.benchmark, settings.protocol), checked.gold, []
    for question, answer in joined.pairs:
        right, absent = gold[question.id], FAILED if question.id in joined.failed else MISSING
        grade = absent if answer is None else _grade(benchmark, question, right, answer, settings.protocol, judging)
        verdicts.append(Verdict(question, right, answer, grade))
    return verdicts + [Verdict(Question(name, "", (), ""), gold[name], None, NOT_ASKED) for name in unasked]


def _grade(
    benchmark: Benchmark, question: Question, gold: JsonValue, answer: str, protocol: str, judging: Judging | None
) -> Grade:
    """Return the benchmark's grade; an answer that repeats its question is always unparsed, unless a judge read it."""
    if judging is not None:
        return judging.grade(question, gold, answer)
    grade = benchmark.SCORER.grade(question, gold, answer, protocol)
    if grade.status == "unjudged":
        return grade
    return replace(grade, status="unparsed") if repeats(question, answer) else grade


def score_verdicts(verdicts: list[Verdict], settings: ScoreSettings) -> dict[str, Any]:
    """Return metrics, intervals, counts and marks of one run; the metrics are over the answered questions.

    A metric with a zero denominator is None, as is its interval, and that of a metric of the whole set. A part of the
    benchmark without any answer raises PipelineError: its metrics would be undefined. If its answers only wait for a
    judge, they are None. `unavailable`, if anything is, has the reasons why metrics are not computed.
    """
    benchmark = load_benchmark(settings.benchmark, settings.protocol)
    parts = sorted({verdict.question.part for verdict in verdicts if verdict.grade.rule != UNASKED})
    answered = [verdict for verdict in verdicts if verdict.answered]
    heard = {each.question.part for each in verdicts if each.answered or each.grade.status == "unjudged"}
    silent = sorted(set(parts) - heard)
    if silent:
        raise PipelineError(
            "no question of this part is answered",
            value=", ".join(silent),
            cure="answer it, or score a question file without it",
        )
    tallies = benchmark.SCORER.tally(verdicts, parts)[[verdict.answered for verdict in verdicts]]
    sums = cluster_sums(tallies, [benchmark.cluster(verdict.question) for verdict in answered])
    metrics = partial(benchmark.SCORER.metrics, parts=parts)
    bounds = intervals(sums, metrics, derive_seed(settings.seed, "score", settings.benchmark))
    whole = benchmark.SCORER.whole(answered) if hasattr(benchmark.SCORER, "whole") else {}
    values = {**metrics(sums.sum(axis=0)), **whole}
    draws = settings.protocol in getattr(benchmark.SCORER, "guesses", {})
    unavailable = benchmark.SCORER.unavailable() if hasattr(benchmark.SCORER, "unavailable") else {}
    return {
        "metrics": {name: rounded(float(value)) for name, value in values.items()},
        "interval": dict.fromkeys(whole)
        | {name: both and [round(bound, DIGITS) for bound in both] for name, both in bounds.items()},
        **({"unavailable": unavailable} if unavailable else {}),
        "n": len(verdicts),
        "coverage": round(len(answered) / len(verdicts), DIGITS),
        **quality(verdicts, settings.suspect_above, is_always_judged(benchmark.SCORER), draws),
    }


def _published(scored: dict[str, Any], verdicts: list[Verdict], settings: ScoreSettings) -> list[dict[str, Any]]:
    """Return the published figures beside a score; a part `a/b` of the questions counts for `a` too."""
    names = [{verdict.question.part, verdict.question.part.partition("/")[0]} for verdict in verdicts]
    return compared(scored, settings.published, settings.protocol, Counter(name for each in names for name in each))


def rounded(value: float) -> float | None:
    """Return a metric as written to a score file: None where it is undefined."""
    return None if math.isnan(value) else round(value, DIGITS)


def score_object(
    verdicts: list[Verdict], settings: ScoreSettings, digest: str, model: JsonValue, judging: Judging | None = None
) -> dict[str, Any]:
    """Return a score object, with the digests of the answers and of the model that gave them.

    `primary` is None where these questions do not yield the benchmark's primary metric. That of a judged benchmark has
    `judge`.
    """
    scored = score_verdicts(verdicts, settings)
    primary = load_benchmark(settings.benchmark, settings.protocol).PRIMARY
    if judging is not None:
        scored = judged_score(scored, judging, verdicts, primary)
    return {
        "schema": SCHEMA,
        "benchmark": settings.benchmark,
        "protocol": settings.protocol,
        "primary": primary if primary in scored["metrics"] else None,
        **scored,
        **({"published": _published(scored, verdicts, settings)} if settings.published else {}),
        "answers": digest,
        "model": model,
    }
