"""How much memory there is, where a control group grants less than the machine has."""

from pathlib import Path

import pytest

from pipeline_lib.machine import memory
from pipeline_lib.machine.memory import gpu_memory, main_memory


@pytest.mark.parametrize(
    ("line", "file"),
    [("0::/slurm/job\n", "slurm/memory.max"), ("4:memory:/slurm/job\n", "memory/slurm/memory.limit_in_bytes")],
)
def test_the_limit_of_a_group_above_counts(tmp_path: Path, line: str, file: str) -> None:
    own, limit = tmp_path / "own", tmp_path / "groups" / file
    own.write_text(line)
    assert main_memory(tmp_path / "groups", own) > 2**20
    limit.parent.mkdir(parents=True)
    limit.write_text("max\n")
    assert main_memory(tmp_path / "groups", own) > 2**20
    limit.write_text(f"{2**20}\n")
    assert main_memory(tmp_path / "groups", own) == 2**20


def test_without_nvidia_smi_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert gpu_memory() is None


def test_the_smallest_visible_gpu_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'GPU-a, 81559'\necho 'GPU-b, 40536'\necho 'GPU-c, 10'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(memory, "visible", lambda: ["GPU-a", "GPU-b"])
    assert gpu_memory() == 40536 * 2**20
    monkeypatch.setattr(memory, "visible", lambda: ["MIG-x"])
    assert gpu_memory() is None
