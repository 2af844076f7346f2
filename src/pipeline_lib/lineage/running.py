"""The jobs that run now, by the files in which they report how far they are; no plan is needed for it.

A job runs while its lock is held, or while Slurm says so: a killed process has no lock, whatever its file says.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Iterator, Sequence

from pipeline_lib.core import locks
from pipeline_lib.job.progress import SUFFIX
from pipeline_lib.job.reports import LastRun, last_run
from pipeline_lib.machine.slurm_queue import QueuedJob

FOLDERS = ("data/logs", "results/logs", "results/*/logs", "results/*/*/logs")  # of a study, and of its rehearsals


@dataclass(frozen=True)
class RunningJob:
    """A job that runs, where, for how many seconds, and what it reported last; None is what is not known."""

    job: str
    log: str
    record: str
    began: str
    seconds: float
    host: str
    process: int
    slurm_job: str | None
    nodes: str | None
    unit: str | None
    done: int | None
    total: int | None
    seconds_left: float | None

    def entry(self) -> dict[str, Any]:
        """Return the job as JSON."""
        return asdict(self)


def running_jobs(root: Path, queue: Sequence[QueuedJob], now: datetime) -> list[RunningJob]:
    """Return the jobs of all studies in a project that run now, the oldest first."""
    on_slurm = {job.number: job for job in queue if job.runs}
    files = sorted(file for folder in FOLDERS for logs in root.glob(folder) for file in logs.glob(f"*/*{SUFFIX}"))
    return sorted(_running(root, files, on_slurm, now), key=lambda job: job.began)


def _running(root: Path, files: list[Path], on_slurm: dict[str, QueuedJob], now: datetime) -> Iterator[RunningJob]:
    for file in files:
        run = last_run(file)
        if run is None or run.end is not None:
            continue
        queued = on_slurm.get(str(run.begin["slurm_job"]))
        if queued is not None or locks.is_held(root / run.begin["lock"]):
            yield _job(run, queued, now)


def _job(run: LastRun, queued: QueuedJob | None, now: datetime) -> RunningJob:
    begin, report = run.begin, run.report or {}
    reported: dict[str, Any] = {name: report.get(name) for name in ("unit", "done", "total", "seconds_left")}
    return RunningJob(
        **{name: begin[name] for name in ("job", "log", "record", "host", "process")},
        slurm_job=None if begin["slurm_job"] is None else str(queued.shown if queued else begin["slurm_job"]),
        nodes=queued.nodes if queued else None,
        began=begin["time"],
        seconds=round((now - datetime.fromisoformat(begin["time"])).total_seconds(), 1),
        **reported,
    )
