"""The checks that need a job: a small one, submitted like the study's own, examines a compute node."""

import json
import os
import shlex
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline_lib.core import locks
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
    """The outcome of the job: why it failed, after how many seconds its file was visible, and what it printed."""

    fault: str
    seconds: float | None
    output: str
    errors: str


def visit(site: Cluster, partition: str | None, longest: float, latency: float) -> Visit:
    """Submit the job; wait at most `longest` seconds for its end, and at most `latency` seconds for its file."""
    remove(FOLDER)
    FOLDER.mkdir(parents=True)
    marker, output, errors = (FOLDER / name for name in ("marker", "output", "errors"))
    script = f"{shlex.join([sys.executable, '-P', '-m', 'pipeline_lib.doctor.probe'])} > {output} 2> {errors}"
    chosen = {"-A": site.account, "-p": partition, "-C": site.constraint}
    options = [part for name, value in chosen.items() if value is not None for part in (name, value)]
    size = ("--mem", "2000", "-t", "5", "-o", str(FOLDER / "log"), "-J", "vlmflow-doctor")
    with probe.HELD.open("w") as held:
        with suppress(OSError):  # without locks the job reports that it sees none
            locks.take(held)
        number, fault = ask("sbatch", "--parsable", *size, *options, "--wrap", f"{script}; hostname > {marker}")
        if fault:
            return Visit(fault, None, "", "")
        number = number.strip().partition(";")[0]
        if not _ended(number, longest):
            ask("scancel", number)
            return Visit(f"job {number} did not end within {longest:.0f} s", None, "", "")
    seconds = _appears(marker, latency)
    texts = [path.read_text(encoding="utf-8") if path.is_file() else "" for path in (output, errors)]
    return Visit("", seconds, *texts)


def findings(visited: Visit, site: Cluster, latency: float) -> list[Finding]:
    """Return the job's findings: whether it runs, its files are visible, and the node has what a study needs."""
    if visited.fault:
        return [Finding("a job", visited.fault, "try `sbatch --wrap hostname` with this partition and account")]
    if visited.seconds is None:
        cure = "put the project's folder on a file system that all nodes share, or raise latency-wait in the profile"
        return [Finding("shared files", f"a job's file was not visible within {latency:.0f} s", cure)]
    shared = Finding("shared files", f"a job's file was visible after {visited.seconds:.1f} s")
    if not visited.output:
        last = (visited.errors.strip().splitlines() or ["nothing was printed"])[-1]
        cure = f"{sys.executable} must work on compute nodes too: put the environment on a shared file system"
        return [shared, Finding("environment", last, cure)]
    node = json.loads(visited.output)
    return [shared, _environment(node), _scratch(node), _locks(node), *_network(node, site)]


def room() -> Finding:
    """Check the room in the project's folder, as its file system counts it."""
    counts = os.statvfs(".")
    free, files = counts.f_bavail * counts.f_frsize, counts.f_favail
    space = f"{free / 2**30:.0f} GiB free for you here"
    if free < LEAST_FREE or (counts.f_files and files < LEAST_FILES):
        return Finding("room", f"{space}, {files} files", "make room, or move the project: `df -h .`, `quota -s`")
    return Finding("room", space)


def _environment(node: dict[str, object]) -> Finding:
    here = library_versions(list(probe.LIBRARIES))
    if node["libraries"] != here:
        cure = "use the environment in which you ran this on compute nodes too"
        return Finding("environment", f"{node['host']} has {node['libraries']}, this machine has {here}", cure)
    return Finding("environment", f"imports on {node['host']}, Python {node['python']}")


def _scratch(node: dict[str, object]) -> Finding:
    free = int(str(node["scratch_free"]))
    space = f"{free / 2**30:.0f} GiB free in {node['scratch']} on {node['host']}"
    return Finding("scratch", space, "set TMPDIR to a larger folder for jobs" if free < LEAST_SCRATCH else "")


def _locks(node: dict[str, object]) -> Finding:
    """Report whether locks reach the node; if not, a study still runs, with less protection."""
    if node["locked"]:
        return Finding("locks", f"a lock held here is visible on {node['host']}")
    return Finding("locks", f"no lock held here is visible on {node['host']}: no job waits for one on a lost node")


def _network(node: dict[str, object], site: Cluster) -> list[Finding]:
    if node["network"] or site.fetch is not None or not probe.has_network():
        return []
    cure = f"set `fetch: {LOGIN}` in slurm/cluster.yaml, or name a partition with a network"
    return [Finding("network", f"this machine reaches the hub and {node['host']} does not", cure)]


def _ended(number: str, longest: float) -> bool:
    deadline = time.monotonic() + longest
    while time.monotonic() < deadline:
        state, fault = ask("squeue", "-h", "-j", number, "-o", "%T")  # an error: Slurm has forgotten the job
        if fault or state.strip() not in ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING"):
            return True
        time.sleep(0.5)
    return False


def _appears(path: Path, latency: float) -> float | None:
    began = time.monotonic()
    while path not in path.parent.iterdir():  # listing a folder refreshes the cache of some file systems
        if time.monotonic() - began > latency:
            return None
        time.sleep(0.1)
    return time.monotonic() - began
