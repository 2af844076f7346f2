"""The score stage: answers and gold become verdicts, and verdicts one run's score object."""

from functools import partial
from pathlib import Path
from typing import Any

from pydantic import Field

from pipeline_lib.benchmarks.base import FileNames, Files, Verdict, check_questions, load_benchmark, only
from pipeline_lib.core.digests import digest_file
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.core.settings import Settings
from pipeline_lib.scoring.answers import Joined, join, model_of
from pipeline_lib.scoring.bootstrap import cluster_sums, intervals

SCHEMA = 1
UNASKED = "unasked"
DIGITS = 10  # decimals kept, so that a sum in another order writes the same file


class ScoreSettings(Settings):
    """Which scorer judges, by which protocol."""

    benchmark: str = Field(description="a module in pipeline_lib/benchmarks")
    protocol: str = Field(default="llava15", description="whose prompts, settings and scorer")
    files: FileNames
    seed: int = Field(default=0, description="seed of the bootstrap")


def judge_answers(
    answers: Path, files: Files, settings: ScoreSettings, chosen: set[str] | None = None
) -> list[Verdict]:
    """Return a verdict for every question, in the order of the question file; missing answers have their own status.

    What the benchmark holds and the question file does not ask comes last, missing by the rule `unasked`.
    Of `chosen` questions, if given, nothing else counts.
    """
    benchmark = load_benchmark(settings.benchmark, settings.protocol)
    checked = check_questions(settings.benchmark, settings.protocol, files)
    gold = checked.gold
    joined: Joined = join(only(checked.questions, chosen), answers)
    asked = [
        Verdict(q.id, q.part, q.image, None, None, gold[q.id], False, "none", "missing")
        if answer is None
        else benchmark.judge(q, gold[q.id], answer, settings.protocol)
        for q, answer in joined.pairs
    ]
    unasked = checked.unasked if chosen is None else []
    return asked + [Verdict(name, "", None, None, None, gold[name], False, UNASKED, "missing") for name in unasked]


def score_verdicts(verdicts: list[Verdict], settings: ScoreSettings) -> dict[str, Any]:
    """Return metrics, intervals and counts of one run; the metrics are over the answered questions.

    A part of the benchmark without a single answer raises PipelineError: its metrics would mean nothing.
    """
    benchmark = load_benchmark(settings.benchmark, settings.protocol)
    parts = sorted({verdict.part for verdict in verdicts if verdict.rule != UNASKED})
    answered = [verdict for verdict in verdicts if verdict.status != "missing"]
    silent = sorted(set(parts) - {verdict.part for verdict in answered})
    if silent:
        raise PipelineError(
            "no question of this part is answered",
            value=", ".join(silent),
            cure="answer it, or score a question file without it",
        )
    tallies = benchmark.tally(verdicts, parts)[[verdict.status != "missing" for verdict in verdicts]]
    sums = cluster_sums(tallies, [benchmark.cluster(verdict) for verdict in answered])
    metrics = partial(benchmark.metrics, parts=parts)
    bounds = intervals(sums, metrics, derive_seed(settings.seed, "score", settings.benchmark))
    missing = len(verdicts) - len(answered)
    return {
        "metrics": {name: round(float(value), DIGITS) for name, value in metrics(sums.sum(axis=0)).items()},
        "interval": {name: [round(low, DIGITS), round(high, DIGITS)] for name, (low, high) in bounds.items()},
        "n": len(verdicts),
        "coverage": round(len(answered) / len(verdicts), DIGITS),
        "unparsed": sum(verdict.status == "unparsed" for verdict in verdicts),
        "missing": missing,
        "status": "partial" if missing else "complete",
    }


def run_score(verdicts: list[Verdict], settings: ScoreSettings, answers: Path) -> dict[str, Any]:
    """Return one run's score object, with the digests of its answers and of the model that gave them.

    `primary` is None where the questions are such that the benchmark's primary metric is not among the metrics.
    """
    scored = score_verdicts(verdicts, settings)
    primary = load_benchmark(settings.benchmark, settings.protocol).PRIMARY
    return {
        "schema": SCHEMA,
        "benchmark": settings.benchmark,
        "protocol": settings.protocol,
        "primary": primary if primary in scored["metrics"] else None,
        **scored,
        "answers": digest_file(answers),
        "model": model_of(answers),
    }
