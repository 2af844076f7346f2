"""GPUs of one machine, counted by a stand-in for nvidia-smi: each job has another one, and holds it to its end."""

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine import gpus

JOB = """
import os, sys, time
from pathlib import Path
from pipeline_lib.machine import gpus

device = ",".join(gpus.take(int(sys.argv[3])))
began = time.time()
Path(f"{sys.argv[1]}.holds").write_text(os.environ["CUDA_VISIBLE_DEVICES"])
time.sleep(float(sys.argv[2]))
Path(sys.argv[1]).write_text(f"{device} {began} {time.time()}")
"""


def machine(folder: Path, *lines: str) -> Path:
    """Return a folder with an nvidia-smi that lists these lines."""
    program = folder / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\ncat <<'END'\n" + "\n".join(lines) + "\nEND\n")
    program.chmod(0o755)
    return program.parent


def whole(number: int) -> str:
    return f"GPU {number}: NVIDIA Thing (UUID: GPU-{number}a)"


def start(folder: Path, name: str, seconds: float, count: int = 1) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", JOB, name, str(seconds), str(count)], cwd=folder)


@pytest.fixture()
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder on a machine with three GPUs."""
    monkeypatch.setenv("PATH", f"{machine(tmp_path, *(whole(number) for number in range(3)))}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ["GPU-0a", "GPU-1a", "GPU-2a"]),
        ("2,0", ["GPU-2a", "GPU-0a"]),
        ("GPU-1a", ["GPU-1a"]),
        ("GPU-1", ["GPU-1a"]),
        ("7", ["7"]),
        ("", []),
        ("-1", []),
    ],
)
def test_what_slurm_or_a_person_allots_is_respected(
    three: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, expected: list[str]
) -> None:
    if given is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert gpus.visible() == expected


def test_a_gpu_in_parts_is_its_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = "  MIG 1g.18gb     Device  {}: (UUID: MIG-{}b)"
    lines = (whole(0), part.format(0, 0), part.format(1, 1), whole(1))
    monkeypatch.setenv("PATH", f"{machine(tmp_path, *lines)}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpus.visible() == ["MIG-0b", "MIG-1b", "GPU-1a"]


def test_without_a_gpu_a_job_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{machine(tmp_path)}:{os.environ['PATH']}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(PipelineError, match="needs a GPU and sees none"):
        gpus.take(folder=tmp_path)


def test_jobs_at_once_hold_different_gpus(three: Path) -> None:
    jobs = [start(three, f"job{number}", 0.3) for number in range(8)]
    assert [job.wait(60) for job in jobs] == [0] * 8
    spans = [(three / f"job{number}").read_text().split() for number in range(8)]
    for device in {device for device, _, _ in spans}:
        times = sorted((float(began), float(ended)) for held, began, ended in spans if held == device)
        assert all(ended <= began for (_, ended), (began, _) in itertools.pairwise(times)), device
    assert {device for device, _, _ in spans} == {"GPU-0a", "GPU-1a", "GPU-2a"}
    for number, (device, _, _) in enumerate(spans):
        assert (three / f"job{number}.holds").read_text() == device


def test_a_job_of_several_processes_holds_as_many_at_once_and_none_while_it_waits(three: Path) -> None:
    jobs = [start(three, f"job{number}", 0.2, count=2) for number in range(4)]
    assert [job.wait(60) for job in jobs] == [0] * 4
    spans = sorted((three / f"job{number}").read_text().split() for number in range(4))
    assert all(len(set(devices.split(","))) == 2 for devices, _, _ in spans)
    times = sorted((float(began), float(ended)) for _, began, ended in spans)
    assert all(ended <= began for (_, ended), (began, _) in itertools.pairwise(times))  # two of three at a time


def test_more_gpus_than_there_are_is_an_error(three: Path) -> None:
    with pytest.raises(PipelineError, match="this job needs 4 GPUs and sees 3"):
        gpus.take(4, three)


def test_a_killed_job_frees_its_gpu(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    killed = start(three, "killed", 600)
    while not (three / "killed.holds").is_file():
        time.sleep(0.02)
    waiting = start(three, "waiting", 0)
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(1)
    killed.send_signal(signal.SIGKILL)
    assert waiting.wait(30) == 0
    assert (three / "waiting").read_text().startswith("GPU-1a ")
    assert killed.wait(30) == -signal.SIGKILL


@pytest.mark.usefixtures("without_locks")
def test_without_locks_every_job_gets_the_first_gpu(
    three: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        assert gpus.take(folder=three / "gpus") == ["GPU-0a"]
    assert "GPUs are not locked" in caplog.text
