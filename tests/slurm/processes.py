"""The processes of Slurm's jobs on this machine, and what a node that is lost takes with it."""

import os
import signal
from pathlib import Path

from tests.slurm.cluster import Cluster


def node_of(number: int) -> str:
    """Return the node that a process of a job was started on."""
    return _variable(number, "SLURMD_NODENAME")


def lose_network(cluster: Cluster, node: str) -> None:
    """Kill what serves a node and watches its jobs, as if it had no network: the processes of its jobs go on."""
    jobs = cluster.ask("squeue", "-h", "-w", node, "-t", "running", "-o", "%A").split()
    cluster.daemons.kill(f"slurmd-{node}")
    for number in _numbers():
        if any(_title(number).startswith(f"slurmstepd: [{job}.") for job in jobs):
            os.kill(number, signal.SIGKILL)


def lose_power(cluster: Cluster, node: str) -> None:
    """Kill everything that runs on a node."""
    lose_network(cluster, node)
    for number in _numbers():
        try:
            if node_of(number) == node:
                os.kill(number, signal.SIGKILL)
        except (KeyError, OSError):  # of no job, or it has just ended
            continue


def _variable(number: int, name: str) -> str:
    pairs = Path(f"/proc/{number}/environ").read_text(errors="replace").split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)[name]


def _numbers() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if int(folder.name) != os.getpid()]


def _title(number: int) -> str:
    try:
        return Path(f"/proc/{number}/cmdline").read_text(errors="replace")
    except OSError:
        return ""
