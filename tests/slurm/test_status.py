"""`vlmflow status` on a cluster: the numbers and nodes of jobs that run, and those that wait in the queue."""

import json
import time
from typing import Any

import pytest

from tests.project import Project
from tests.slurm.cluster import Cluster
from tests.slurm.mini import COMMAND
from tests.slurm.shape import Shape

pytestmark = pytest.mark.slurm

SHAPE = Shape(cpu_nodes=1, gpu_nodes=0)


def status(project: Project) -> dict[str, Any]:
    done = project.run("vlmflow", "status", "--study", "mini", "--running", "--json")
    assert done.returncode == 0, done.text
    answer: dict[str, Any] = json.loads(done.text)
    return answer


def test_a_job_has_its_number_and_node_while_it_waits_and_runs(fresh: Project, cluster: Cluster) -> None:
    process = fresh.start(*COMMAND)
    running: dict[str, dict[str, Any]] = {}
    queued: dict[str, dict[str, Any]] = {}
    while process.poll() is None and not (running and queued):
        seen = status(fresh)
        running |= {job["slurm_job"]: job for job in seen["running"]}
        queued |= {job["slurm_job"]: job for job in seen["queued"]}
        time.sleep(0.2)
    process.terminate()
    process.wait()
    assert all(number and job["nodes"] == "c0" for number, job in running.items()) and running
    assert queued and all(job["job"] and job["state"] in ("PENDING", "CONFIGURING") for job in queued.values())
