"""The Slurm job that this process belongs to, if it belongs to one: its nodes, and putting it back into the queue."""

import os

from pipeline_lib.machine.commands import ask

JOB, NODE = "SLURM_JOB_ID", "SLURMD_NODENAME"


def job_number() -> str | None:
    """Return the number of this Slurm job, None outside of one."""
    return os.environ.get(JOB)


def is_spread(nodes: int) -> bool:
    """Return whether Slurm has granted this job so many nodes, more than one: a process on each can be started."""
    job = job_number()
    if nodes == 1 or job is None:
        return False
    return ask("squeue", "--noheader", "--jobs", job, "--format", "%D")[0].strip() == str(nodes)


def requeue() -> bool:
    """Put this job back into the queue, and return whether it was; one that was cancelled or has ended is not.

    Nor is one that Slurm has started again elsewhere, while this node was cut off.
    """
    job = job_number()
    if job is None:
        return False
    told = ask("squeue", "--noheader", "--jobs", job, "--format", "%T %B")[0].split()
    return told == ["RUNNING", os.environ.get(NODE)] and not ask("scontrol", "requeue", job)[1]
