"""The processes of Slurm's jobs on this machine, and what a lost node takes with it."""

import os
import signal
import time
from pathlib import Path

from tests.project import Project
from tests.slurm.cluster import Cluster
from tests.slurm.daemons import began, numbers, variable


def node_of(number: int) -> str:
    """Return the node that a process of a job was started on."""
    return variable(number, "SLURMD_NODENAME")


def lose_network(cluster: Cluster, node: str, stopped: int) -> None:
    """Kill what serves a node and watches its jobs, as if it had no network: the processes of its jobs go on.

    A stopped one runs on for that moment: Linux hangs up on a stopped process that loses who watches it.
    """
    jobs = cluster.ask("squeue", "-h", "-w", node, "-t", "running", "-o", "%A").split()
    watchers = [number for number in numbers() for job in jobs if _title(number).startswith(f"slurmstepd: [{job}.")]
    cluster.daemons.kill(f"slurmd-{node}")
    os.kill(stopped, signal.SIGCONT)
    for number in watchers:
        os.kill(number, signal.SIGKILL)
    while any(began(number) for number in watchers):
        time.sleep(0.001)
    os.kill(stopped, signal.SIGSTOP)


def lose_power(cluster: Cluster, node: str, stopped: int) -> None:
    """Kill everything that runs on a node."""
    lose_network(cluster, node, stopped)
    for number in numbers():
        try:
            if node_of(number) == node:
                os.kill(number, signal.SIGKILL)
        except (KeyError, OSError):  # of no job, or it has just ended
            continue


def end_all(project: Project) -> None:
    """Kill every process of a project that a test has left, stopped ones too."""
    for number in numbers():
        try:
            if Path(f"/proc/{number}/cwd").readlink() == project.root:
                os.kill(number, signal.SIGKILL)
        except OSError:  # it has just ended
            continue


def _title(number: int) -> str:
    try:
        return Path(f"/proc/{number}/cmdline").read_text(errors="replace")
    except OSError:
        return ""
