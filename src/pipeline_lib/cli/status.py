"""`vlmflow status`: what runs now and how far it is, what is in Slurm's queue, what failed, what waits."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Iterable

import typer

from pipeline_lib.cli.options import StudyOption
from pipeline_lib.config.load import DEFAULT
from pipeline_lib.config.study_option import study_option
from pipeline_lib.job.progress import duration
from pipeline_lib.lineage.jobs import AssessedJob, Status
from pipeline_lib.lineage.running import RunningJob, running_jobs
from pipeline_lib.machine.slurm_queue import QueuedJob, queued_jobs
from pipeline_lib.workflow.plan import plan
from pipeline_lib.workflow.workflow_lock import snakemake_at_work

Entry = dict[str, Any]


def status(
    study: StudyOption = DEFAULT,
    running: Annotated[bool, typer.Option("--running", help="only what runs, at once, without a plan")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Print the jobs that run, with how far they are and where their logs are, those that failed, and what waits."""
    planned = [] if running else plan(study)  # takes seconds, in which the others change
    queue = queued_jobs(Path.cwd())
    jobs = running_jobs(Path.cwd(), queue, datetime.now(UTC))
    waiting_on_slurm = [job for job in queue if not job.runs]
    at_work = {job.record for job in jobs}
    failed = [job for job in planned if job.status is Status.FAILED and job.record not in at_work]
    waiting = [job.name for job in planned if job.runs and _waits(job, at_work)]
    if as_json:
        content = {
            "snakemake": snakemake_at_work(),
            "running": [job.entry() for job in jobs],
            "queued": [_queued(job) for job in waiting_on_slurm],
            **({} if running else {"failed": list(map(_failed, failed)), "waiting": waiting}),
        }
        typer.echo(json.dumps(content, indent=2))
        return
    typer.echo("Snakemake is at work." if snakemake_at_work() else "No Snakemake is at work here.")
    for line in (*_running_lines(jobs), *_queue_lines(waiting_on_slurm), *_failed_lines(failed)):
        typer.echo(line)
    if not running:
        typer.echo(_waiting_line(waiting, study))


def _waits(job: AssessedJob, at_work: set[str]) -> bool:
    return job.status not in (Status.RUNNING, Status.FAILED) and job.record not in at_work


def _queued(job: QueuedJob) -> Entry:
    return {"slurm_job": job.shown, "state": job.state, "reason": job.reason, "job": job.job}


def _failed(job: AssessedJob) -> Entry:
    """Return a failed job: since when, its first cause, its log."""
    record = job.record_path
    since = datetime.fromtimestamp(record.stat().st_mtime, UTC) if record.is_file() else None
    log = Path(*("logs" if part == "records" else part for part in record.with_suffix(".log").parts)).as_posix()
    ended = None if since is None else since.isoformat(timespec="seconds")
    return {"job": job.name, "cause": job.causes[0], "ended": ended, "log": log}


def _running_lines(jobs: Iterable[RunningJob]) -> list[str]:
    lines = []
    for job in jobs:
        where = f"Slurm job {job.slurm_job} on {job.nodes or job.host}" if job.slurm_job else f"process {job.process}"
        lines += [f"running  {job.job}: {_progress(job)}", f"         {where}; log: {job.log}"]
    return lines or ["Nothing runs."]


def _progress(job: RunningJob) -> str:
    """Return how far a job is, for how long it runs, and the time left where it reports them."""
    count = "" if not job.total or job.done is None else f"{job.done} of {job.total} {job.unit} ({_percent(job)} %), "
    left = "" if not job.seconds_left else f", about {duration(job.seconds_left)} left"
    return f"{count}for {duration(job.seconds)}{left}"


def _percent(job: RunningJob) -> int:
    return 100 * (job.done or 0) // (job.total or 1)


def _queue_lines(queue: Iterable[QueuedJob]) -> list[str]:
    return [f"queued   {job.job}: Slurm job {job.shown}, {job.state} ({job.reason})" for job in queue]


def _failed_lines(jobs: Iterable[AssessedJob]) -> list[str]:
    entries = map(_failed, jobs)
    return [line for each in entries for line in (f"failed   {each['job']}: {each['cause']}", f"         {_end(each)}")]


def _end(entry: Entry) -> str:
    return f"{entry['ended']}; log: {entry['log']}"


def _waiting_line(waiting: list[str], study: str) -> str:
    if not waiting:
        return "Nothing waits."
    stages = Counter(name.split()[0] for name in waiting)
    counts = ", ".join(f"{count} {stage}" for stage, count in stages.items())
    return f"waiting  {len(waiting)} jobs: {counts}; `vlmflow why{study_option(study)}` says why each"
