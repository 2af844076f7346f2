"""The order of the plan's jobs, and what Snakemake says before a run of those that it is made to run."""

from itertools import permutations
from types import SimpleNamespace
from typing import cast

import snakemake.api  # noqa: F401 (its modules import each other: this one comes first)
from snakemake.dag import DAG

from pipeline_lib.lineage.jobs import Status
from pipeline_lib.lineage.status import Assessment
from pipeline_lib.lineage.why import NEVER_MADE
from pipeline_lib.workflow.planned import SHOWN, jobs_in_order, notice
from tests.jobs import assessed_job


def lines(status: Status, *causes: str, jobs: int = 1) -> list[str]:
    forced = [assessed_job("train", record=f"results/records/train/{number}.json") for number in range(jobs)]
    return notice(forced, {job.record: Assessment(status, list(causes), forced=True) for job in forced})


def test_a_job_that_stood_is_named_with_its_first_cause() -> None:
    assert lines(Status.MISSING, "results/x: missing", "below train 1") == ["train 0: missing: results/x: missing"]


def test_a_job_that_was_never_made_and_one_that_is_running_need_no_line() -> None:
    assert lines(Status.MISSING, NEVER_MADE, "below fetch a, which runs") == []
    assert lines(Status.RUNNING, "a job is making it now") == []


def test_of_many_jobs_the_first_are_named_and_the_others_counted() -> None:
    shown = lines(Status.STALE, "seed: 0 → 1", jobs=SHOWN + 2)
    assert len(shown) == SHOWN + 1 and shown[-1].startswith("and 2 more; `vlmflow why` names all")


def test_jobs_stand_in_one_order_wherever_snakemake_keeps_them() -> None:
    jobs = [SimpleNamespace(rule=SimpleNamespace(name="fetch"), output=[f"data/raw/a/{n}.json"]) for n in "012"]
    for level in permutations(jobs):
        dag = SimpleNamespace(toposorted=[level].copy)
        assert jobs_in_order(cast(DAG, dag)) == jobs
