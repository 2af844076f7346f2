"""Check what subsets hold out: no subset holds itself out, or another one that holds it out."""

from typing import Iterator

from pipeline_lib.config.problem import Problem
from pipeline_lib.config.study import Study


def holdout_problems(study: Study) -> Iterator[Problem]:
    """Yield a problem for every subset that would have to be drawn before itself."""
    for name, subset in study.subsets.items():
        if subset.holdout is not None and name in _before(study, name):
            what = "this subset waits for the rows that it holds out, and they wait for it"
            yield Problem(("subsets", name, "holdout", "subsets"), what, subset.holdout.subsets)


def _before(study: Study, name: str) -> set[str]:
    """Return all subsets to draw before one, itself included if they form a cycle."""
    before: set[str] = set()
    pending = [name]
    while pending:
        subset = study.subsets.get(pending.pop())
        holdout = subset.holdout if subset else None
        fresh = set(holdout.subsets if holdout else ()) - before
        before |= fresh
        pending += sorted(fresh)
    return before
