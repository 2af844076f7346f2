"""The study `mini` on a cluster: the command that a person types, and what must come of it."""

import time
from pathlib import Path

from tests.project import Done, Project
from tests.slurm.cluster import Cluster

TARGET = "results/mini/pope_score.json"
COMMAND = ("snakemake", "--profile", "slurm", "--config", "study=mini", "--", TARGET)
MINUTES = 25  # far more than it takes, for a machine that others use too

# Jobs of Slurm by rule: a shard each, a table with its subsets, a run's answers with their score; `inspect` checks the
# questions and the pairs of images and texts. Gathering is none.
JOBS = {
    "fetch": 5,
    "convert": 3,
    "index": 2,
    "tables": 3,
    "weights": 2,
    "shown": 3,
    "inspect": 3,
    "train": 6,
    "merge": 1,
    "answers": 3,
}


def make(project: Project, *options: str) -> Done:
    """Make the score on the cluster."""
    return project.run(*COMMAND[:3], *options, *COMMAND[3:], timeout=60 * MINUTES)


def is_made_like(project: Project, finished: Project) -> bool:
    """Return whether a second call finds nothing to do, and all artefacts have the digests of a local run.

    That run made pages too, which a score does not need.
    """
    again = make(project)
    return project.made().items() <= finished.made().items() and "Nothing to be done" in again.text


def kind(comment: str) -> str:
    """Return the rule or the group of a job from the comment that the executor gives it."""
    return comment.removeprefix("rule_").split("_")[0]


def states(cluster: Cluster, project: Project, rule: str) -> list[str]:
    """Return the states of the jobs of a rule or group so far, in the order of their submission."""
    while True:
        listed = cluster.jobs(project.root, "comment", "state")
        found = [state for comment, state in listed if kind(comment) == rule]
        if "COMPLETING" not in found:  # the name of a cancelled job's state until its processes have ended
            return found
        time.sleep(0.2)


def wait_for_process(project: Project, script: str) -> int:
    """Return the number of the process of this project that runs a stage's script, once there is one."""
    deadline = time.monotonic() + 60 * MINUTES
    while time.monotonic() < deadline:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().split(b"\0")
                if command[2:3] == [f"workflow_scripts/{script}".encode()] and _lies_in(folder, project):
                    return int(folder.name)
            except OSError:  # it has just ended
                continue
        time.sleep(0.05)
    raise TimeoutError(script)


def _lies_in(process: Path, project: Project) -> bool:
    return (process / "cwd").readlink() == project.root
