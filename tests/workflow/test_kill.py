"""Killed at random moments, the same command goes on: same digests, nothing done twice, nothing half, no leftover."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Callable

import pytest

from pipeline_lib.core.files import remove
from tests.project import Project

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
KINDS = ("everything", "the workflow alone", "one job")


def job_processes(group: int) -> list[int]:
    """Return the processes of jobs that belong to a process group."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            if command[2:3] and command[2].startswith(b"workflow_scripts/") and os.getpgid(int(folder.name)) == group:
                found.append(int(folder.name))
        except OSError:  # it has just ended
            continue
    return sorted(found)


def wait_until(holds: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    """Wait as long as a process lives."""
    while not holds():
        assert process.poll() is None, f"it ended with {process.returncode}"
        time.sleep(0.01)


def run_and_kill(project: Project, draw: random.Random, longest: float) -> str:
    """Start the study, kill it at a random moment, and say how; wait until all its processes have ended."""
    number, kind, delay = draw.choice(SIGNALS), draw.choice(KINDS), draw.uniform(0.2, longest)
    process = project.start("snakemake", "-c2", "--config", "study=mini")
    try:
        process.wait(timeout=delay)
        return "it had ended"
    except subprocess.TimeoutExpired:
        pass
    if kind == "everything":
        os.killpg(process.pid, number)
    elif kind == "the workflow alone":
        process.send_signal(number)
    else:
        jobs = job_processes(process.pid)
        os.kill(draw.choice(jobs), number) if jobs else process.kill()
    process.wait(timeout=900)  # a job that is just ending takes no signal, and the study goes on to its end
    return f"{kind} by {number.name} after {delay:.1f} s"


def kill_often(project: Project, reference: dict[str, str], kills: int, seed: int, longest: float) -> None:
    """Kill the study so many times, letting it go on each time; whenever it is finished, compare and begin anew."""
    draw = random.Random(seed)
    history: list[str] = []
    while len(history) < kills:
        before = {path: record for path, record in project.records().items() if record["exit"] == 0}
        history.append(run_and_kill(project, draw, longest))
        after = project.records()
        again = [path for path, old in before.items() if changed(old, after.get(path))]
        assert not again, (history, again)
        if history[-1] == "it had ended":
            history.pop()
            begin_anew(project, reference, history)
    done = project.make()
    assert done.returncode == 0, (history, done.text[-3000:])
    begin_anew(project, reference, history)


def changed(old: dict[str, Any], new: dict[str, Any] | None) -> bool:
    """Return whether a finished job was done again, rather than linked back."""
    return new is not None and new["exit"] == 0 and new["started"] != old["started"] and not new["reused"]


def begin_anew(project: Project, reference: dict[str, str], history: list[str]) -> None:
    """Check a finished study, then remove all that it made."""
    assert project.made() == reference, history
    assert not project.leftovers(), history
    assert project.run("vlmflow", "check").returncode == 0
    for name in ("data", "results", ".vlmflow", ".snakemake"):
        remove(project.root / name)


@pytest.mark.long
def test_killed_in_the_middle_of_a_training(unfinished: Project, finished: Project) -> None:
    process = unfinished.start("snakemake", "-c2", "--config", "study=mini")
    wait_until(lambda: bool(list(unfinished.root.glob("results/mini/checkpoints/.half*.partial"))), process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert unfinished.leftovers()
    done = unfinished.make()
    assert done.returncode == 0, done.text
    assert unfinished.made() == finished.made()
    assert not unfinished.leftovers()
    assert unfinished.run("vlmflow", "check").returncode == 0


@pytest.mark.long
def test_killed_thirty_times(fresh: Project, finished: Project) -> None:
    kill_often(fresh, finished.made(), kills=30, seed=2, longest=12)


def test_a_job_waits_for_a_process_that_makes_the_same(mini: Project) -> None:
    """Snakemake alone is killed; its job lives on, and the next Snakemake must not run into it."""
    target = "data/weights/mini_clip.manifest.json"
    remove(mini.root / ".vlmflow")
    remove(mini.root / target)
    process = mini.start("snakemake", "-c1", "--config", "study=mini", "--", target)
    wait_until((mini.root / "data/weights/.mini_clip.partial").exists, process)
    process.kill()
    process.wait()
    done = mini.make(target)
    assert done.returncode == 0, done.text
    assert "A killed run left its marks or its lock" in done.text
    assert not mini.leftovers()


def test_two_snakemakes_in_one_folder(fresh: Project) -> None:
    first = fresh.start("snakemake", "-c1", "--config", "study=mini")
    try:
        wait_until(lambda: bool(list((fresh.root / ".snakemake/locks").glob("*"))), first)
        second = fresh.make()
        assert second.returncode == 1
        assert "Another Snakemake is at work in this folder: wait until it ends, or end it." in second.text
        assert "Traceback" not in second.text and "unlock" not in second.text
        assert fresh.run("vlmflow", "why", "--study", "mini").returncode == 0
        assert first.poll() is None
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
