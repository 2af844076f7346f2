"""Locks between processes: who waits for whom, and what is left of the lock of a killed process."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_lib.core import locks

HOLDER = """
import sys, time
from pathlib import Path
from pipeline_lib.core import locks

file = open(sys.argv[1], "a+")
locks.take(file, shared=sys.argv[2] == "shared")
print("held", flush=True)
time.sleep(float(sys.argv[3]))
Path("ended").touch()
"""


def hold(path: Path, kind: str, seconds: float = 60) -> "subprocess.Popen[str]":
    """Return a process that holds a lock on a file for some seconds."""
    command = [sys.executable, "-c", HOLDER, str(path), kind, str(seconds)]
    process = subprocess.Popen(command, cwd=path.parent, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def can_take(path: Path, shared: bool = False) -> bool:
    with path.open("a+") as file:
        return locks.try_take(file, shared=shared)


def test_an_exclusive_lock_excludes_all_others(tmp_path: Path) -> None:
    process = hold(tmp_path / "lock", "exclusive")
    assert not can_take(tmp_path / "lock") and not can_take(tmp_path / "lock", shared=True)
    end(process)


def test_shared_locks_exclude_exclusive_ones_alone(tmp_path: Path) -> None:
    process = hold(tmp_path / "lock", "shared")
    assert can_take(tmp_path / "lock", shared=True) and not can_take(tmp_path / "lock")
    assert not locks.is_held(tmp_path / "lock")
    end(process)


@pytest.mark.parametrize(("kind", "shared"), [("exclusive", False), ("exclusive", True), ("shared", False)])
def test_a_lock_is_waited_for(tmp_path: Path, kind: str, shared: bool) -> None:
    holder = hold(tmp_path / "lock", kind, seconds=0.5)
    with (tmp_path / "lock").open("a+") as file:
        locks.take(file, shared=shared)
        assert (tmp_path / "ended").exists()
    holder.communicate()


def test_a_killed_holder_leaves_its_lock_free(tmp_path: Path) -> None:
    killed = hold(tmp_path / "lock", "exclusive")
    assert locks.is_held(tmp_path / "lock")
    end(killed)
    assert not locks.is_held(tmp_path / "lock") and can_take(tmp_path / "lock")


def test_a_lock_ends_when_its_file_is_closed(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as file:
        locks.take(file)
        assert locks.is_held(tmp_path / "lock") and not can_take(tmp_path / "lock")
    assert not locks.is_held(tmp_path / "lock") and can_take(tmp_path / "lock")


def test_an_exclusive_lock_can_become_a_shared_one(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as file:
        locks.take(file)
        locks.take(file, shared=True)
        assert can_take(tmp_path / "lock", shared=True) and not can_take(tmp_path / "lock")


def test_a_file_that_is_not_there_is_not_held_and_not_made(tmp_path: Path) -> None:
    assert not locks.is_held(tmp_path / "lock")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("without_locks")
def test_without_locks_a_caller_proceeds_with_its_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (tmp_path / "lock").open("w") as file:
        locks.take(file, without_locks="a download is not locked")
        assert locks.try_take(file.fileno(), without_locks="GPUs are not locked")
    messages = [record.getMessage().partition(": ") for record in caplog.records]
    assert [what for what, _, _ in messages] == ["a download is not locked", "GPUs are not locked"]
    assert all("No locks available" in why for _, _, why in messages)


@pytest.mark.usefixtures("without_locks")
def test_without_locks_a_caller_without_a_warning_gets_the_error(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as file:
        for action in (locks.take, locks.try_take):
            with pytest.raises(OSError, match="No locks available"):
                action(file)
    assert not locks.is_held(tmp_path / "lock")
