"""The Slurm job that a process belongs to, told by stand-ins for Slurm's commands."""

from pathlib import Path

import pytest

from pipeline_lib.machine.slurm_job import is_spread, requeue


@pytest.fixture()
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with commands that answer with the files `nodes` and `state`; what is requeued stands in `asked`."""
    answers = {"squeue": 'case "$*" in *%D*) cat nodes;; *) cat state;; esac', "scontrol": 'echo "$*" >> asked'}
    for name, line in answers.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\ncd {tmp_path}\n{line}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    (tmp_path / "nodes").write_text("2\n")
    monkeypatch.setenv("SLURMD_NODENAME", "n7")
    (tmp_path / "state").write_text("RUNNING n7\n")
    return tmp_path


def test_a_job_is_spread_over_as_many_nodes_as_it_wants_or_not_at_all(slurm: Path) -> None:
    assert is_spread(2)
    assert not is_spread(4)  # as in an interactive job that happens to be smaller
    assert not is_spread(1)


def test_a_running_job_goes_back_into_the_queue(slurm: Path) -> None:
    assert requeue()
    assert (slurm / "asked").read_text() == "requeue 17\n"


@pytest.mark.parametrize("state", ["CANCELLED n7", "COMPLETING n7", "PENDING", "RUNNING n8", ""])
def test_a_job_that_was_cancelled_has_ended_or_runs_elsewhere_does_not(slurm: Path, state: str) -> None:
    (slurm / "state").write_text(state)
    assert not requeue()
    assert not (slurm / "asked").exists()


def test_outside_of_slurm_nothing_is_spread_or_requeued(slurm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JOB_ID")
    assert not is_spread(2)
    assert not requeue()
