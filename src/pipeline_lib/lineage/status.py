"""The status of every planned job: whether its outputs are what the plan would make, and if not, why.

The same rule for Snakemake's plan, its dry run, `vlmflow why`, `check`, `show`, `lineage show` and `dvc commit`.
"""

from dataclasses import dataclass
from typing import Any, Sequence

from pipeline_lib.job.planned_job import PlannedJob
from pipeline_lib.job.removal import removed_by
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.jobs import AssessedJob, Status
from pipeline_lib.lineage.why import BELOW

RUNS = ", which runs"


@dataclass(frozen=True)
class Assessment:
    """The status of a job, and the causes where it is unsound.

    `forced`: whether Snakemake must run the job; `unseen`: why its source was not looked at, where that matters.
    """

    status: Status
    causes: list[str]
    forced: bool
    unseen: str | None = None

    def as_plan(self) -> dict[str, Any]:
        """Return the fields of this job's status in the printed plan."""
        return {"status": self.status.value, "causes": self.causes, "unseen": self.unseen}


def assess(jobs: Sequence[PlannedJob], present: CurrentState) -> dict[str, Assessment]:
    """Return the assessment of every job by the path of its record; `jobs` are in an order in which they could run."""
    makers = {output: job for job in jobs for output in job.outputs.values()}
    assessments: dict[str, Assessment] = {}
    for job in jobs:
        alone = _assess_alone(job, present)
        above = {makers[path].record: makers[path] for path in job.inputs if path in makers}
        unsound = [maker for record, maker in above.items() if not assessments[record].status.is_sound]
        names = [f"{maker.name}, which {_verb(assessments[maker.record])}" for maker in unsound]
        assessments[job.record] = _below(alone, names)
    return assessments


def _verb(assessment: Assessment) -> str:
    """Return `runs` for an unsound job if it or a job above it is forced, else `does not hold`."""
    return "runs" if assessment.forced or any(cause.endswith(RUNS) for cause in assessment.causes) else "does not hold"


def standing(output: str, plan: list[AssessedJob]) -> tuple[Status, str]:
    """Return the status of an output to show, and its first cause; `plan` is what rules/plan.py prints.

    If a job that the output depends on failed or is running, that status replaces `stale`.
    """
    makers = {path: job for job in plan for path in job.outputs.values()}
    maker = makers[output]
    if maker.status.is_sound:
        return maker.status, ""
    above = _above(maker, makers)
    for status in (Status.FAILED, Status.RUNNING):
        culprit = next((job for job in above if job.status is status), None)
        if culprit is not None:
            return status, f"{culprit.name}: {culprit.causes[0]}"
    culprit = next((job for job in above if not job.status.is_sound), maker)
    return maker.status, f"{culprit.name}: {culprit.causes[0]}"


def _above(job: AssessedJob, makers: dict[str, AssessedJob]) -> list[AssessedJob]:
    """Return a job and all that it depends on, each after its own dependencies."""
    ordered: dict[str, AssessedJob] = {}
    for path in (*job.inputs, *job.waits_for):
        if path in makers and makers[path].record not in ordered:
            ordered |= {above.record: above for above in _above(makers[path], makers)}
    return [*ordered.values(), job]


def _below(alone: Assessment, unsound: list[str]) -> Assessment:
    """Return the assessment of a job below unsound ones."""
    if not unsound:
        return alone
    status = Status.STALE if alone.status.is_sound else alone.status
    below = [f"{BELOW}{name}" for name in sorted(unsound)]
    return Assessment(status, [*alone.causes, *below], alone.forced, alone.unseen)


def _assess_alone(job: PlannedJob, present: CurrentState) -> Assessment:
    """Return the assessment of one job, regardless of the jobs above it."""
    absent = present.absent_outputs(job)
    missing = [path for path, by in absent.items() if by is None]
    if present.is_running(job):
        return Assessment(Status.RUNNING, ["a job is making it now"], forced=True)
    record = present.record(job.record)
    fault = present.record_fault(job.record, record)
    if fault is not None:
        return Assessment(Status.FAILED, [fault], forced=True)
    if record is None and not set(missing).issuperset(job.outputs.values()):
        verified = removed_by(job.record_path) is not None  # against dvc.lock, in a clone without the record
        causes = ["no record says how it was made", *(f"{path}: missing" for path in missing)]
        return Assessment(Status.STALE, causes, forced=bool(missing) or not verified)
    causes = present.causes(job, record)
    causes += [] if record is None else [f"{path}: missing" for path in missing]
    if record is not None and not record.succeeded:
        return Assessment(Status.FAILED, causes, forced=True)
    altered = [] if record is None else present.altered_files(job)
    stale = causes or altered
    status = Status.MISSING if missing else Status.STALE if stale else Status.REMOVED if absent else Status.OK
    unseen = None if record is None else present.unseen_source(job, record)
    return Assessment(status, [*causes, *altered], forced=bool(missing or causes), unseen=unseen)
