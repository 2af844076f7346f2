"""The section of scores: runs by benchmarks with intervals, and every benchmark in detail."""

from pathlib import Path
from typing import Any, Mapping

from pipeline_lib.report.charts import IntervalChart, interval_chart
from pipeline_lib.report.facts import BenchmarkFacts, Facts
from pipeline_lib.report.pairs import best_run
from pipeline_lib.report.texts import interval, number
from pipeline_lib.scoring.published import published_text
from pipeline_lib.scoring.shown import Scope

DATA_FILES = ("scores.html",)
TEMPLATE = Path(__file__).parent / "scores.html"
TITLE = "Scores"
ORDER = 10


def wanted(facts: Facts) -> bool:
    """Return whether the study scores anything."""
    return bool(facts.benchmarks)


def context(facts: Facts) -> dict[str, Any]:
    """Return the table of primary metrics, and a table and a chart of every benchmark."""
    best = {each.name: best_run(facts.runs, facts.pairs_of(each.name)) for each in facts.benchmarks}
    cells = {
        run: [_cell(each.scores[run], each.primary, best[each.name] == run) for each in facts.benchmarks]
        for run in facts.runs
    }
    return {"cells": cells, "details": [_details(each, best[each.name]) for each in facts.benchmarks]}


def _cell(score: Mapping[str, Any], metric: str | None, is_best: bool = False) -> dict[str, Any]:
    """Return a metric of a score as the table shows it; a metric that it does not have is a dash."""
    value = score["metrics"].get(metric)
    bounds = None if value is None else score["interval"].get(metric)
    return {"value": number(value), "interval": interval(bounds), "is_best": is_best, "marks": _marks(score)}


def _marks(score: Mapping[str, Any]) -> list[str]:
    return [*score["marks"], *(["partial"] if score.get("scope") else [])]


def _details(facts: BenchmarkFacts, best: str | None) -> dict[str, Any]:
    rows = [_row(facts, run, score, best == run) for run, score in facts.scores.items()]
    return {"benchmark": facts, "rows": rows, "chart": _chart(facts), "notes": _notes(facts)}


def _row(facts: BenchmarkFacts, run: str, score: Mapping[str, Any], is_best: bool) -> dict[str, Any]:
    scope = Scope.model_validate(score["scope"]) if score.get("scope") else None
    return {
        "run": run,
        "cells": [_cell(score, metric, is_best and metric == facts.primary) for metric in facts.metrics],
        "answered": f"{scope.answered:,} of {scope.of:,}" if scope else f"{score['n']:,}",
        "coverage": f"{scope.coverage if scope else score['coverage']:.1%}",
        "unparsed": f"{score['unparsed']:,}",
        "missing": f"{score['missing'] + score['failed']:,}",
        "status": score["status"],
        "verdicts": f"verdicts/{run}/{facts.name}.parquet",
    }


def _notes(facts: BenchmarkFacts) -> list[str]:
    """Return a line for every mark, with its reason, and for every published figure beside the number here."""
    marks = [
        f"{run} is marked {name}: {reason}"
        for run, score in facts.scores.items()
        for name, reason in score["marks"].items()
    ]
    published = [
        f"{run}: {published_text(figure)}"
        for run, score in facts.scores.items()
        for figure in score.get("published", [])
    ]
    return marks + published


def _chart(facts: BenchmarkFacts) -> IntervalChart | None:
    rows = []
    for run, score in facts.scores.items():
        value = score["metrics"].get(facts.primary)
        if value is not None:
            bounds = score["interval"].get(facts.primary)
            rows.append((run, value, bounds, f"{run}: {number(value)} {interval(bounds)}"))
    return interval_chart(rows) if rows else None
