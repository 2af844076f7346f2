"""The section of confusion: which grade answers name for images of each grade, on benchmarks that count it."""

from pathlib import Path
from typing import Any, Mapping

from pipeline_lib.report.facts import BenchmarkFacts, Facts

DATA_FILES = ("confusion.html",)
TEMPLATE = Path(__file__).parent / "confusion.html"
TITLE = "Confusion"
ORDER = 35
METRIC = "confusion"


def wanted(facts: Facts) -> bool:
    """Return whether a benchmark counts which grade was named for which."""
    return any(_counts(score) for each in facts.benchmarks for score in each.scores.values())


def context(facts: Facts) -> dict[str, Any]:
    """Return a matrix for every run on such a benchmark."""
    return {"matrices": [matrix for each in facts.benchmarks for matrix in _matrices(each)]}


def _counts(score: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """Return the counts of answers by the right and the named grade, from metrics `confusion/RIGHT/NAMED`."""
    names = [name.split("/") for name in score["metrics"] if name.startswith(f"{METRIC}/")]
    return {(right, named): int(score["metrics"][f"{METRIC}/{right}/{named}"] or 0) for _, right, named in names}


def _matrices(facts: BenchmarkFacts) -> list[dict[str, Any]]:
    return [
        {"run": run, "benchmark": facts.name, **_matrix(counts)}
        for run, score in facts.scores.items()
        if (counts := _counts(score))
    ]


def _matrix(counts: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    columns = list(dict.fromkeys(named for _, named in counts))
    rows = []
    for right in dict.fromkeys(right for right, _ in counts):
        total = sum(counts[right, named] for named in columns)
        cells = [{"count": counts[right, named], "is_right": named == right} for named in columns]
        share = counts[right, right] / total if total else None
        rows.append({"right": right, "cells": cells, "total": total, "recall": share})
    return {"columns": columns, "rows": rows}
