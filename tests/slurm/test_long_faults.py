"""Faults of the cluster itself, in the middle of a training: the study ends with the digests of a local run."""

import json
import os
import signal
import subprocess
import time
from collections import Counter
from typing import Callable, Iterator

import pytest

from tests.project import Project
from tests.slurm.cluster import Cluster
from tests.slurm.mini import COMMAND, MINUTES, is_made_like, kind, make, states, wait_for_process
from tests.slurm.processes import end_all, lose_network, lose_power, node_of
from tests.slurm.shape import Shape

pytestmark = [pytest.mark.slurm, pytest.mark.long]

SHAPE = Shape(urgent=True)
ONCE = {"train": 1, "answers": 2}  # what `unfinished` needs, each submitted once
LOG = "results/mini/logs/train/half.log"
RECORD = "results/mini/records/train/half.json"


@pytest.fixture(autouse=True)
def mended(cluster: Cluster, unfinished: Project) -> Iterator[None]:
    """Leave a whole cluster to the next test."""
    yield
    end_all(unfinished)
    cluster.mend()


def wait_until(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds; no fault of a cluster takes longer than some minutes to show."""
    deadline = time.monotonic() + 300
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def stop_training(project: Project) -> int:
    """Stop the training as soon as it has saved a state; return the number of its process."""
    number = wait_for_process(project, "train.py")
    wait_until(lambda: saved(project), "no state was saved")
    os.kill(number, signal.SIGSTOP)
    assert saved(project), "the training was over before it could be stopped"
    return number


def saved(project: Project) -> bool:
    """Return whether a training is between its first saved state and its end."""
    return any(project.root.glob(".vlmflow/state/*/*/step-*"))


def ends_well(process: "subprocess.Popen[bytes]", project: Project) -> None:
    """Wait for Snakemake, and assert that it made everything."""
    code = process.wait(timeout=60 * MINUTES)
    assert code == 0, told(project)


def told(project: Project) -> str:
    """Return what the started Snakemake has printed."""
    return project.root.with_name(f"{project.root.name}.started").read_text()


def log(project: Project) -> str:
    """Return what the training has logged; Snakemake removes the log before it begins again."""
    path = project.root / LOG
    return path.read_text() if path.is_file() else ""


def training(cluster: Cluster, project: Project) -> tuple[str, int, str]:
    """Return the state of the one job of Slurm that trains, how often Slurm started it again, and its node."""
    listed = cluster.jobs(project.root, "comment", "state", "restartcnt", "nodelist")
    ((state, restarts, node),) = [job[1:] for job in listed if kind(job[0]) == "train"]
    return state, int(restarts), node


def submitted(cluster: Cluster, project: Project) -> Counter[str]:
    """Return how many jobs of each rule or group were submitted so far."""
    return Counter(kind(comment) for (comment,) in cluster.jobs(project.root, "comment"))


def test_a_node_is_lost_with_its_job(cluster: Cluster, unfinished: Project, finished: Project) -> None:
    process = unfinished.start(*COMMAND)
    number = stop_training(unfinished)
    node = node_of(number)
    lose_power(cluster, node, number)
    missed = "Reason=Not responding"  # `sinfo` goes on calling it mixed for some minutes
    wait_until(lambda: missed in cluster.ask("scontrol", "show", "node", node), "the node is not missed")
    ends_well(process, unfinished)
    state, restarts, other = training(cluster, unfinished)
    assert (state, restarts) == ("COMPLETED", 1) and other != node
    assert "resuming from step" in log(unfinished)
    assert is_made_like(unfinished, finished)


def test_an_orphan_goes_on_writing_while_its_job_is_made_again(
    cluster: Cluster, unfinished: Project, finished: Project
) -> None:
    process = unfinished.start(*COMMAND)
    orphan = stop_training(unfinished)
    node = node_of(orphan)
    lose_network(cluster, node, orphan)
    wait_until(lambda: training(cluster, unfinished)[:2] == ("RUNNING", 1), "the job is not started again")
    assert training(cluster, unfinished)[2] != node
    waits = f"waiting for process {orphan}, which makes the same outputs"
    wait_until(lambda: waits in log(unfinished), "the job made again does not wait for its turn")
    os.kill(orphan, signal.SIGCONT)
    ends_well(process, unfinished)
    assert training(cluster, unfinished)[:2] == ("COMPLETED", 1)
    assert json.loads((unfinished.root / RECORD).read_text())["reused"], "what the orphan finished was not taken"
    assert is_made_like(unfinished, finished)


def test_a_preempted_training_is_requeued(cluster: Cluster, unfinished: Project, finished: Project) -> None:
    process = unfinished.start(*COMMAND)
    stop_training(unfinished)
    nodes = ("--partition", "urgent", "--nodes", str(SHAPE.cpu_nodes), "--exclusive")
    urgent = cluster.ask("sbatch", "--parsable", *nodes, "--output", "/dev/null", "--wrap", "sleep 10")
    wait_until(lambda: cluster.ask("squeue", "-hj", urgent, "-o", "%T") == "RUNNING", "nothing was preempted")
    assert training(cluster, unfinished)[:2] == ("PENDING", 1)
    ends_well(process, unfinished)
    assert training(cluster, unfinished)[:2] == ("COMPLETED", 1)
    assert submitted(cluster, unfinished) == ONCE
    assert "resuming from step" in log(unfinished)
    assert is_made_like(unfinished, finished)


def test_the_controller_is_killed_and_started_again(cluster: Cluster, unfinished: Project, finished: Project) -> None:
    process = unfinished.start(*COMMAND)
    number = stop_training(unfinished)
    wait_until(lambda: states(cluster, unfinished, "answers") == ["COMPLETED"], "the other job does not end")
    time.sleep(10)  # until the controller has written down what it knows
    cluster.daemons.kill("slurmctld")
    wait_until(lambda: "Slurm does not answer" in told(unfinished), "Snakemake did not ask meanwhile")
    cluster.start_controller()
    assert training(cluster, unfinished)[:2] == ("RUNNING", 0)
    os.kill(number, signal.SIGCONT)
    ends_well(process, unfinished)
    assert submitted(cluster, unfinished) == ONCE
    assert training(cluster, unfinished)[:2] == ("COMPLETED", 0)
    assert is_made_like(unfinished, finished)


def test_a_snakemake_that_is_told_to_end_waits_for_its_jobs(
    cluster: Cluster, unfinished: Project, finished: Project
) -> None:
    process = unfinished.start(*COMMAND)
    number = stop_training(unfinished)
    process.send_signal(signal.SIGTERM)
    wait_until(lambda: "Will exit after finishing currently running jobs" in told(unfinished), "TERM was not heard")
    before = submitted(cluster, unfinished)
    os.kill(number, signal.SIGCONT)
    assert process.wait(timeout=60 * MINUTES) != 0
    assert training(cluster, unfinished)[:2] == ("COMPLETED", 0)
    assert submitted(cluster, unfinished) == before != ONCE
    records = unfinished.records()
    assert make(unfinished).returncode == 0
    assert submitted(cluster, unfinished) == ONCE
    assert unfinished.worked_since(records) == {"predict": 1, "score": 1, "gather": 1}
    assert is_made_like(unfinished, finished)
