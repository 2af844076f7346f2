"""The checks that need a job: a tiny one, submitted as the study's own are, looks at a compute node from within."""

import fcntl
import json
import os
import shlex
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pipeline_lib.core.files import remove
from pipeline_lib.doctor import probe
from pipeline_lib.doctor.finding import Finding
from pipeline_lib.machine.commands import ask
from pipeline_lib.machine.facts import library_versions
from pipeline_lib.machine.slurm_site import LOGIN, Cluster

FOLDER = probe.HELD.parent
LEAST_FREE = 10 * 2**30  # bytes, in the project's folder
LEAST_SCRATCH = 2**30
LEAST_FILES = 100_000


@dataclass(frozen=True)
class Visit:
    """What came of the job: why there was none, after how many seconds its file was seen, what it printed."""

    fault: str
    seconds: float | None
    told: str
    complained: str


def visit(site: Cluster, partition: str | None, longest: float, latency: float) -> Visit:
    """Submit the job and wait until it has run, at most `longest` seconds, and for its file, `latency` seconds."""
    remove(FOLDER)
    FOLDER.mkdir(parents=True)
    seen, told, complained = (FOLDER / name for name in ("seen", "told", "complained"))
    script = f"{shlex.join([sys.executable, '-P', '-m', 'pipeline_lib.doctor.probe'])} > {told} 2> {complained}"
    chosen = {"-A": site.account, "-p": partition, "-C": site.constraint}
    options = [part for name, value in chosen.items() if value is not None for part in (name, value)]
    size = ("--mem", "2000", "-t", "5", "-o", str(FOLDER / "log"), "-J", "vlmflow-doctor")
    with probe.HELD.open("w") as held:
        _hold(held)
        number, fault = ask("sbatch", "--parsable", *size, *options, "--wrap", f"{script}; hostname > {seen}")
        if fault:
            return Visit(fault, None, "", "")
        number = number.strip().partition(";")[0]
        if not _ended(number, longest):
            ask("scancel", number)
            return Visit(f"job {number} did not end within {longest:.0f} s", None, "", "")
    seconds = _appears(seen, latency)
    texts = [path.read_text(encoding="utf-8") if path.is_file() else "" for path in (told, complained)]
    return Visit("", seconds, *texts)


def findings(visited: Visit, site: Cluster, latency: float) -> list[Finding]:
    """Return what the job found: does it run, are its files seen, is the environment whole, is there scratch space."""
    if visited.fault:
        return [Finding("a job", visited.fault, "try `sbatch --wrap hostname` with the partition and account named")]
    if visited.seconds is None:
        cure = "put the project's folder on a file system that all nodes share, or raise latency-wait in the profile"
        return [Finding("shared files", f"a job's file was not seen within {latency:.0f} s", cure)]
    found = [Finding("shared files", f"a job's file was seen after {visited.seconds:.1f} s")]
    if not visited.told:
        last = (visited.complained.strip().splitlines() or ["nothing was printed"])[-1]
        cure = f"{sys.executable} must work on compute nodes too: put the environment on a shared file system"
        return [*found, Finding("environment", last, cure)]
    told = json.loads(visited.told)
    return [*found, _environment(told), _scratch(told), _locks(told), *_network(told, site)]


def room() -> Finding:
    """Is there room in the project's folder, as its file system counts it?"""
    counts = os.statvfs(".")
    free, files = counts.f_bavail * counts.f_frsize, counts.f_favail
    said = f"{free / 2**30:.0f} GiB free for you here"
    if free < LEAST_FREE or (counts.f_files and files < LEAST_FILES):
        return Finding("room", f"{said}, {files} files", "make room, or move the project: `df -h .`, `quota -s`")
    return Finding("room", said)


def _environment(told: dict[str, object]) -> Finding:
    here = library_versions(list(probe.LIBRARIES))
    if told["libraries"] != here:
        cure = "activate one environment for both: the one in which you ran this"
        return Finding("environment", f"{told['host']} has {told['libraries']}, here is {here}", cure)
    return Finding("environment", f"imports on {told['host']}, Python {told['python']}")


def _scratch(told: dict[str, object]) -> Finding:
    free = int(str(told["scratch_free"]))
    said = f"{free / 2**30:.0f} GiB free in {told['scratch']} on {told['host']}"
    return Finding("scratch", said, "set TMPDIR to a larger folder for jobs" if free < LEAST_SCRATCH else "")


def _locks(told: dict[str, object]) -> Finding:
    """No fault where they do not reach: a study runs there, with less protection."""
    if told["locked"]:
        return Finding("locks", f"one that is held here is seen on {told['host']}")
    return Finding("locks", f"none here is seen on {told['host']}: no job waits for one whose node was cut off")


def _network(told: dict[str, object], site: Cluster) -> list[Finding]:
    if told["network"] or site.fetch is not None or not probe.has_network():
        return []
    cure = f"let slurm/cluster.yaml say `fetch: {LOGIN}`, or name a partition with a network"
    return [Finding("network", f"this machine reaches the hub and {told['host']} does not", cure)]


def _hold(file: IO[str]) -> None:
    """Lock a file until it is closed, where its file system has locks."""
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX)


def _ended(number: str, longest: float) -> bool:
    deadline = time.monotonic() + longest
    while time.monotonic() < deadline:
        state, fault = ask("squeue", "-h", "-j", number, "-o", "%T")  # an error: it is forgotten already
        if fault or state.strip() not in ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING"):
            return True
        time.sleep(0.5)
    return False


def _appears(path: Path, latency: float) -> float | None:
    began = time.monotonic()
    while path not in path.parent.iterdir():  # listing a folder makes some file systems look again
        if time.monotonic() - began > latency:
            return None
        time.sleep(0.1)
    return time.monotonic() - began
