"""A cluster without accounting: the study runs there, and goes on after every fault to the same digests."""

import os
import shutil
import signal
from collections import Counter

import pytest

from tests.project import Project
from tests.slurm.cluster import Cluster
from tests.slurm.mini import COMMAND, JOBS, is_made_like, kind, make, states, wait_for_process
from tests.slurm.shape import Shape

pytestmark = pytest.mark.slurm

SHAPE = Shape()


def test_the_study_runs_as_jobs(cluster: Cluster, fresh: Project, finished: Project) -> None:
    done = make(fresh)
    assert done.returncode == 0, done.text
    assert is_made_like(fresh, finished)
    jobs = cluster.jobs(fresh.root, "comment", "state")
    assert Counter(kind(comment) for comment, _ in jobs) == JOBS
    assert {state for _, state in jobs} == {"COMPLETED"}


def test_a_killed_job_and_one_beyond_its_memory_are_tried_again(
    cluster: Cluster, unfinished: Project, finished: Project
) -> None:
    unfinished.edit(
        "rules/predict.smk", 'growing("mem_mb", MODEL_MB * processes_of(wc))', 'growing("mem_mb", 450)'
    )  # enough is twice that
    unfinished.edit("rules/score.smk", 'growing("mem_mb", 2000)', 'growing("mem_mb", 450)')  # part of the same job
    process = unfinished.start(*COMMAND)
    os.kill(wait_for_process(unfinished, "train.py"), signal.SIGKILL)
    assert process.wait(timeout=900) == 0
    assert states(cluster, unfinished, "train") == ["FAILED", "COMPLETED"]
    assert set(states(cluster, unfinished, "answers")) == {"FAILED", "COMPLETED"}
    told = "".join(log.read_text() for log in unfinished.root.glob(".snakemake/slurm_logs/group_answers*/**/*.log"))
    assert "memory limit" in told
    assert is_made_like(unfinished, finished)


def test_an_interrupted_snakemake_goes_on(cluster: Cluster, unfinished: Project, finished: Project) -> None:
    process = unfinished.start(*COMMAND)
    wait_for_process(unfinished, "train.py")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=900) != 0
    assert states(cluster, unfinished, "train") == ["CANCELLED"]

    process = unfinished.start(*COMMAND)
    wait_for_process(unfinished, "train.py")
    process.kill()
    process.wait()
    done = make(unfinished)
    assert done.returncode == 0, done.text
    assert "Jobs of a killed run were in Slurm's queue. Cancelled:" in done.text
    assert states(cluster, unfinished, "train") == ["CANCELLED", "CANCELLED", "COMPLETED"]
    assert is_made_like(unfinished, finished)


def test_with_keep_going_only_what_needs_a_failed_job_waits(
    cluster: Cluster, unfinished: Project, finished: Project
) -> None:
    rows = unfinished.root / "results/mini/subsets/half.parquet"
    rows.write_bytes(rows.read_bytes()[:-1] + b"?")
    options = ("--keep-going", "--retries", "0")
    done = make(unfinished, *options)
    assert done.returncode == 1
    assert (unfinished.root / "results/mini/scores/full/pope.json").is_file()
    assert not (unfinished.root / "results/mini/scores/half").exists()
    told = done.text[done.text.index("train half failed.") :]
    assert "half.parquet" in told
    assert " ".join([*COMMAND[:3], *options, *COMMAND[3:]]) in told

    shutil.copy2(finished.root / "results/mini/subsets/half.parquet", rows)
    assert make(unfinished).returncode == 0
    assert is_made_like(unfinished, finished)
