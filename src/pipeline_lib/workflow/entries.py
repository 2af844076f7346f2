"""Describe all jobs of a study: what Snakemake plans, with the status and the causes of each."""

from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.exceptions import CliException, RuleException, WorkflowError
from snakemake.jobs import Job
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.planned_job import PlannedJob
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.status import assess
from pipeline_lib.workflow.planned import jobs_in_order, planned


def entries(config: dict[str, str], targets: set[str], look: bool) -> list[dict[str, Any]]:
    """Return all jobs that make the targets, in an order in which they could run; raise PipelineError."""
    try:
        jobs = _plan(config | ({"look": "all"} if look else {}), targets)
        assessments = assess([job for job, _ in jobs], CurrentState(look=look))
    except (CliException, RuleException, WorkflowError) as error:
        raise PipelineError(str(error)) from None
    return [job.entry() | more | assessments[job.record].as_plan() for job, more in jobs]


def _plan(config: dict[str, str], targets: set[str]) -> list[tuple[PlannedJob, dict[str, Any]]]:
    """Return the jobs, each with what `_needs` returns."""
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, dryrun=True)) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(config=config),
            snakefile=Path("Snakefile"),
        )
        workflow.dag(dag_settings=DAGSettings(targets=frozenset(targets)))
        inner = workflow._workflow
        inner._prepare_dag(forceall=False, ignore_incomplete=True, lock_warn_only=True)
        inner._build_dag()
        return [(planned(job), _needs(job, inner.dag.needrun(job))) for job in jobs_in_order(inner.dag)]


def _gpus(job: Job) -> int:
    """Return how many GPUs a job takes, on all of its nodes."""
    each = job.resources.get("gres", "gpu:0").rpartition(":")[2]
    return int(job.resources.get("gpu", 0)) + int(each) * int(job.resources.get("nodes", 1))


def _needs(job: Job, runs: bool) -> dict[str, Any]:
    """Return a job's GPUs and memory, and whether Snakemake would run it, for its entry in the plan."""
    return {"gpus": _gpus(job), "memory_mb": int(job.resources.mem_mb), "runs": runs}
