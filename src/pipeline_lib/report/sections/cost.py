"""The section of cost: how long the jobs of each stage took."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from pipeline_lib.report.facts import Facts, JobFacts

DATA_FILES = ("cost.html",)
TEMPLATE = Path(__file__).parent / "cost.html"
TITLE = "Cost"
ORDER = 60
MINUTE, HOUR = 60, 3600  # seconds


def wanted(facts: Facts) -> bool:
    """Return whether jobs have records."""
    return bool(facts.jobs)


def context(facts: Facts) -> dict[str, Any]:
    """Return the number of jobs of each stage, their time and the longest one; the stages with most time first."""
    stages: dict[str, list[JobFacts]] = defaultdict(list)
    for job in facts.jobs:
        stages[job.stage].append(job)
    totals = {stage: sum(job.seconds for job in jobs) for stage, jobs in stages.items()}
    rows = [_row(stage, stages[stage], totals[stage]) for stage in sorted(totals, key=lambda name: -totals[name])]
    return {"rows": rows, "total": duration(sum(totals.values()))}


def duration(seconds: float) -> str:
    """Return a duration in words, such as `1 h 5 min`, `2 min 3 s` or `0.7 s`."""
    if seconds >= HOUR:
        return f"{int(seconds // HOUR):,} h {int(seconds % HOUR // MINUTE)} min"
    if seconds >= MINUTE:
        return f"{int(seconds // MINUTE)} min {int(seconds % MINUTE)} s"
    return f"{seconds:.1f} s"


def _row(stage: str, jobs: list[JobFacts], total: float) -> dict[str, Any]:
    longest = max(jobs, key=lambda job: job.seconds)
    return {
        "stage": stage,
        "jobs": f"{len(jobs):,}",
        "time": duration(total),
        "longest": longest.name,
        "longest_time": duration(longest.seconds),
    }
