"""Snakemake's walk through its plan, which stops where a run of the job above makes nobody run."""

import asyncio
from collections import defaultdict, deque
from importlib import import_module
from types import SimpleNamespace

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.workflow.ancient import see_changes_behind_ancient


def plan() -> type:
    """Return a class of plans with Snakemake's own walk: a makes b, of which c reads an ancient file, and d another."""
    import_module("snakemake.api")  # before its parts, which import each other
    ancient, other = SimpleNamespace(is_ancient=True), SimpleNamespace(is_ancient=False)

    class Plan:
        depending = defaultdict(dict, {"a": {"b": [other]}, "b": {"c": [ancient], "d": [ancient, other]}})
        dependencies = defaultdict(dict, {"c": {"b": [ancient]}, "b": {"a": [other]}})
        bfs = import_module("snakemake.dag").DAG.bfs
        walks: list[list[str]]

        async def update_needrun(self, *jobs: str) -> None:
            self.walks = [list(self.bfs(self.depending, job)) for job in jobs]

    return Plan


def test_a_job_behind_an_ancient_file_alone_is_not_taken_for_one_that_runs() -> None:
    assert list(plan()().bfs(plan().depending, "a")) == ["a", "b", "c", "d"]
    seeing = plan()
    see_changes_behind_ancient(seeing)
    assert list(seeing().bfs(seeing.depending, "a")) == ["a", "b", "d"]


def test_upwards_every_job_is_still_found() -> None:
    seeing = plan()
    see_changes_behind_ancient(seeing)
    assert list(seeing().bfs(seeing.dependencies, "c")) == ["c", "b", "a"]


def test_the_walks_of_one_update_visit_a_job_once() -> None:
    seeing = plan()
    see_changes_behind_ancient(seeing)
    updated = seeing()
    asyncio.run(updated.update_needrun("b", "a"))
    assert updated.walks == [["b", "d"], ["a"]]
    asyncio.run(updated.update_needrun("a"))
    assert updated.walks == [["a", "b", "d"]]


def test_a_snakemake_without_this_walk_is_refused() -> None:
    with pytest.raises(PipelineError, match="'bfs' is gone"):
        see_changes_behind_ancient(deque)
