"""The Slurm job of this process, if any: its nodes, and its requeueing."""

import os

from pipeline_lib.machine.commands import ask

JOB, NODE = "SLURM_JOB_ID", "SLURMD_NODENAME"


def job_number() -> str | None:
    """Return the ID of this Slurm job, or None outside of one."""
    return os.environ.get(JOB)


def is_spread(nodes: int) -> bool:
    """Return whether Slurm has allocated this many nodes, more than one, to this job."""
    job = job_number()
    if nodes == 1 or job is None:
        return False
    return ask("squeue", "--noheader", "--jobs", job, "--format", "%D")[0].strip() == str(nodes)


def requeue() -> bool:
    """Requeue this job and return whether Slurm did.

    A job is not requeued if it was cancelled, has ended, or was restarted on another node while this one was offline.
    """
    job = job_number()
    if job is None:
        return False
    status = ask("squeue", "--noheader", "--jobs", job, "--format", "%T %B")[0].split()
    return status == ["RUNNING", os.environ.get(NODE)] and not ask("scontrol", "requeue", job)[1]
