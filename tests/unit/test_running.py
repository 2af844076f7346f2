"""What runs now: jobs whose process lives, or that Slurm runs, with what they reported last."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline_lib.job.progress import BEGIN, END, Progress, note, write_to
from pipeline_lib.job.resume import OutputLock
from pipeline_lib.lineage.running import running_jobs
from pipeline_lib.machine.slurm_queue import QueuedJob, parsed, queued_jobs

TRAIN = "results/mini/logs/train/full.log"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / TRAIN).parent.mkdir(parents=True)
    yield tmp_path
    write_to(None)


def begin(slurm_job: str | None = None) -> OutputLock:
    """Begin a training, as the program of a stage does, and return its lock."""
    lock = OutputLock({"checkpoint": Path("results/checkpoints/full")})
    lock.take()
    write_to(Path(TRAIN))
    facts = {"host": "here", "process": os.getpid(), "slurm_job": slurm_job, "lock": str(lock.path)}
    note(BEGIN, job="train full", log=TRAIN, record="results/mini/records/train/full.json", **facts)
    return lock


def queued(number: str, state: str) -> QueuedJob:
    return QueuedJob(number, number, state, "c1", "None", "train full")


def test_a_job_runs_as_long_as_its_process_has_its_lock(project: Path) -> None:
    lock = begin()
    Progress("steps", 90, every=True).at(45)
    [job] = running_jobs(project, [], datetime.now(UTC) + timedelta(minutes=3))
    assert (job.job, job.unit, job.done, job.total) == ("train full", "steps", 45, 90)
    assert job.seconds == pytest.approx(180, abs=30) and job.log == TRAIN
    lock.release()  # as a killed process does
    assert running_jobs(project, [], datetime.now(UTC)) == []


def test_a_job_that_has_ended_does_not_run(project: Path) -> None:
    lock = begin()
    note(END, exit=1, error="no space")
    assert running_jobs(project, [], datetime.now(UTC)) == []
    lock.release()


@pytest.mark.parametrize(("state", "runs"), [("RUNNING", True), ("PENDING", False)])
def test_where_locks_do_not_reach_slurm_says_what_runs(project: Path, state: str, runs: bool) -> None:
    begin(slurm_job="12").release()
    jobs = running_jobs(project, [queued("11", "RUNNING"), queued("12", state)], datetime.now(UTC))
    assert [(job.slurm_job, job.nodes) for job in jobs] == ([("12", "c1")] if runs else [])


def test_the_queue_has_this_folders_jobs_alone() -> None:
    printed = (
        "12|12|RUNNING|c1|None|/study|rule_train_wildcards_full|\n"
        "14|13_1|PENDING||Resources|/study|rule_fetch_wildcards_photos_001|\n"
        "15|15|PENDING||Priority|/study|(null)|\n"
        "16|16|RUNNING|c2|None|/other|rule_train|\n"
        "slurm_load_jobs error\n"
    )
    jobs = parsed(printed, Path("/study"))
    assert [(job.shown, job.job, job.runs) for job in jobs] == [
        ("12", "train full", True),
        ("13_1", "fetch photos_001", False),
    ]


def test_without_slurm_the_queue_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert queued_jobs(Path.cwd()) == []
