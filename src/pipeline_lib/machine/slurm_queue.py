"""The jobs of a workflow in Slurm's queue."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from pipeline_lib.machine.commands import ask

FIELDS = ("jobid", "jobarrayid", "state", "nodelist", "reason", "workdir", "comment")
RULE, WILDCARDS = "rule_", "_wildcards_"  # in the executor's comment on a job
RUNS = ("RUNNING", "COMPLETING", "SUSPENDED", "STOPPED")


@dataclass(frozen=True)
class QueuedJob:
    """A job in the queue: its number, state, nodes, the reason why it waits, and what it is to make."""

    number: str  # that the job itself has as SLURM_JOB_ID
    shown: str  # with the index of an array
    state: str
    nodes: str
    reason: str
    job: str

    @property
    def runs(self) -> bool:
        """Whether the job is on its nodes."""
        return self.state in RUNS


def queued_jobs(folder: Path) -> list[QueuedJob]:
    """Return this user's jobs of the workflow in `folder`, waiting or running; none where Slurm does not answer."""
    if shutil.which("squeue") is None:
        return []
    command = ["squeue", "--me", "--array", "--noheader", "--Format", ",".join(f"{name}:|" for name in FIELDS)]
    return parsed(ask(*command, seconds=20)[0], folder)


def parsed(printed: str, folder: Path) -> list[QueuedJob]:
    """Return the jobs of a workflow from squeue's lines."""
    rows = [line.split("|") for line in printed.splitlines()]
    return [
        QueuedJob(number, shown, state, nodes, reason, _job(comment))
        for number, shown, state, nodes, reason, workdir, comment, *_ in (row for row in rows if len(row) > len(FIELDS))
        if workdir == str(folder) and comment.startswith(RULE)
    ]


def _job(comment: str) -> str:
    """Return the rule and its wildcards; of a group of jobs, those of the first."""
    rule, _, wildcards = comment.removeprefix(RULE).partition(WILDCARDS)
    return f"{rule} {wildcards}".strip()
