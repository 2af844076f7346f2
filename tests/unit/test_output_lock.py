"""ResumeState of interrupted jobs, and what a killed Snakemake leaves."""

import subprocess
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from pipeline_lib.job.resume import OutputLock, ResumeState, any_locked, is_locked
from pipeline_lib.workflow.workflow_lock import WorkflowLock


def test_a_state_is_found_again_under_its_key_alone(tmp_path: Path) -> None:
    outputs = {"made": Path("made.txt")}
    (ResumeState(outputs, "one", tmp_path).folder() / "half").write_text("half")
    assert (ResumeState(outputs, "one", tmp_path).folder() / "half").exists()
    other = ResumeState(outputs, "two", tmp_path)
    assert list(other.folder().iterdir()) == []
    assert not (ResumeState(outputs, "one", tmp_path).folder() / "half").exists()
    other.clear()
    assert list(tmp_path.iterdir()) == []


HOLD = "import sys, time; from pathlib import Path; from pipeline_lib.{module} import {name}; {take}; print('held', flush=True); time.sleep({seconds})"


def hold(root: Path, seconds: float, module: str, name: str, take: str) -> subprocess.Popen[str]:
    script = HOLD.format(module=module, name=name, take=take, seconds=seconds)
    process = subprocess.Popen([sys.executable, "-c", script], cwd=root, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_a_turn_is_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    take = "turn = OutputLock({'made': Path('made.txt')}, Path('locks')); turn.take()"
    process = hold(tmp_path, 1.0, "job.resume", "OutputLock", take)
    OutputLock({"made": Path("other.txt")}, tmp_path / "locks").take()
    assert process.poll() is None
    OutputLock({"made": Path("made.txt")}, tmp_path / "locks").take()
    assert process.wait() == 0
    assert f"waiting for process {process.pid}, which makes the same outputs" in caplog.text


def test_a_released_lock_can_be_taken_again(tmp_path: Path) -> None:
    outputs = {"made": Path("made.txt")}
    lock = OutputLock(outputs, tmp_path)
    for _ in range(2):
        lock.take()
        assert is_locked(outputs, tmp_path) and any_locked(tmp_path)
        lock.release()
        assert not is_locked(outputs, tmp_path) and not any_locked(tmp_path)


@pytest.mark.usefixtures("without_locks")
def test_without_locks_jobs_run_unprotected_and_say_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    outputs = {"made": Path("made.txt")}
    locks = [OutputLock(outputs, tmp_path) for _ in range(2)]
    for lock in locks:
        lock.take()
    assert caplog.text.count("outputs are not locked: [Errno 37] No locks available") == 2
    assert not is_locked(outputs, tmp_path) and not any_locked(tmp_path)


@pytest.mark.usefixtures("without_locks")
def test_without_locks_nothing_is_cleared(tmp_path: Path) -> None:
    folder = leave(tmp_path, "made.txt")
    attendance = WorkflowLock(tmp_path / "lock")
    assert attendance.clear(folder) == [] and not attendance.others_at_work(folder)


def leave(root: Path, output: str) -> Path:
    """Leave what a killed Snakemake leaves of one job, and return the folder."""
    folder = root / ".snakemake"
    for name in ("locks", "incomplete"):
        (folder / name).mkdir(parents=True)
    (folder / "locks/0.output.lock").write_text(output)
    name = urlsafe_b64encode(output.encode()).decode()
    (folder / "incomplete" / f"@{name[:5]}").mkdir()
    (folder / "incomplete" / f"@{name[:5]}" / name[5:]).write_text("{}")
    return folder


def test_what_a_killed_snakemake_left_is_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("made.txt").write_text("half?")
    Path(".made.txt.partial").write_text("ha")
    folder = leave(tmp_path, "made.txt")
    attendance = WorkflowLock(tmp_path / "lock")
    assert attendance.clear(folder) == ["made.txt", (folder / "locks/0.output.lock").as_posix()]
    assert not Path(".made.txt.partial").exists() and not list(folder.rglob("*.lock"))
    assert Path("made.txt").exists(), "its record says whether it is finished"
    assert attendance.clear(folder) == []


def test_a_job_that_outlives_its_snakemake_keeps_what_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".made.txt.partial").write_text("ha")
    folder = leave(tmp_path, "made.txt")
    process = hold(
        tmp_path, 60, "job.resume", "OutputLock", "turn = OutputLock({'made': Path('made.txt')}); turn.take()"
    )
    assert "made.txt" in WorkflowLock(tmp_path / "lock").clear(folder)
    assert Path(".made.txt.partial").exists()
    process.kill()
    process.wait()


def test_nothing_is_cleared_while_another_is_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("made.txt").write_text("half?")
    folder = leave(tmp_path, "made.txt")
    process = hold(tmp_path, 60, "workflow.workflow_lock", "WorkflowLock", "lock = WorkflowLock(Path('lock'))")
    attendance = WorkflowLock(tmp_path / "lock")
    assert attendance.clear(folder) == [] and attendance.others_at_work(folder)
    assert Path("made.txt").exists()
    process.kill()
    process.wait()


def test_the_lock_of_another_host_is_left_alone(tmp_path: Path) -> None:
    folder = leave(tmp_path, "made.txt")
    (tmp_path / "lock").write_text("some-other-host")
    assert WorkflowLock(tmp_path / "lock").clear(folder) == []
