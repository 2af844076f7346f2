"""Read a Snakemake job's files, settings, code and libraries, and force the jobs that must run."""

import hashlib
import json
from typing import Callable, Sequence

from snakemake.dag import DAG
from snakemake.exceptions import WorkflowError
from snakemake.io import is_flagged
from snakemake.jobs import Job

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.planned_job import PlannedJob
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.jobs import Status
from pipeline_lib.lineage.status import Assessment, assess
from pipeline_lib.lineage.why import NEVER_MADE, own_causes

SHOWN = 10  # jobs in the notice before a run


def planned(job: Job) -> PlannedJob:
    """Return one of Snakemake's jobs as the plan describes it."""
    return PlannedJob(
        rule=job.rule.name,
        wildcards=dict(job.wildcards_dict),
        inputs=[str(path) for path in job.input if not is_flagged(path, "ancient")],
        waits_for=[str(path) for path in [job.input.get("clearance")] if path is not None],
        reads=[str(path) for path in job.input],
        outputs={name: str(path) for name, path in job.output.items()},
        record=str(job.log.record),
        settings=json.loads(job.params.cfg),
        code=job.params.code,
        libraries=dict(pair.split("==", 1) for pair in job.params.libs.split()),
        shell=hashlib.sha256(job.rule.shellcmd.encode()).hexdigest()[:16],
    )


def jobs_in_order(dag: DAG) -> list[Job]:
    """Return the jobs with outputs in an order in which they could run, the same in every process."""
    return [job for level in dag.toposorted() for job in sorted(level, key=_rule_and_outputs) if job.output]


def _rule_and_outputs(job: Job) -> list[str]:
    return [job.rule.name, *map(str, job.output)]


def force_unsound(log: Callable[[str], None], look: bool, why: str) -> None:
    """Make Snakemake run every job whose outputs are not what the plan would make, and the jobs below it.

    Unpatched, Snakemake makes no missing file above an existing target (snakemake/snakemake issue 1978), and knows
    neither failures nor sources. `check_incomplete` is the step in which Snakemake forces unfinished outputs.
    `log` takes the notices, which name the command `why`.
    """
    check = getattr(DAG.check_incomplete, "unpatched", DAG.check_incomplete)

    async def check_incomplete(dag: DAG) -> None:
        await check(dag)
        jobs = [planned(job) for job in jobs_in_order(dag)]
        try:
            assessments = assess(jobs, CurrentState(look=look))
        except PipelineError as error:
            raise WorkflowError(str(error)) from None
        forced = [job for job in jobs if assessments[job.record].forced]
        dag.forcefiles.update(path for job in forced for path in job.outputs.values())
        for line in notice(jobs, assessments, why):
            log(line)

    check_incomplete.unpatched = check  # type: ignore[attr-defined]
    DAG.check_incomplete = check_incomplete


def notice(jobs: Sequence[PlannedJob], assessments: dict[str, Assessment], why: str = "vlmflow why") -> list[str]:
    """Return a line for each of the first finished jobs that are now unsound; the command `why` names all."""
    lines = [
        f"{job.name}: {assessment.status}: {causes[0]}"
        for job in jobs
        if (assessment := assessments[job.record]).status is not Status.RUNNING
        and (causes := own_causes(assessment.causes))
        and causes[0] != NEVER_MADE
    ]
    more = [f"and {len(lines) - SHOWN} more; `{why}` names all"] if len(lines) > SHOWN else []
    return [*lines[:SHOWN], *more]
