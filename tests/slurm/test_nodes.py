"""A training over several nodes: the same bytes as on one machine, and the nodes and GPUs that it asks for."""

import pytest

from tests.project import Project
from tests.slurm.cluster import Cluster
from tests.slurm.mini import make
from tests.slurm.shape import Shape

pytestmark = [pytest.mark.slurm, pytest.mark.long]

SHAPE = Shape()
FULL = """
  full:
    start: pretrained
    subset: full
"""


def over_two_nodes(project: Project) -> Project:
    """Let the study's last training run on two nodes."""
    project.edit("studies/mini.yaml", FULL, FULL + "    devices: {nodes: 2}\n")
    return project


def test_a_training_over_two_nodes_is_that_of_two_processes(
    cluster: Cluster, finished: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    local, spread = (
        over_two_nodes(finished.clone(tmp_path_factory.mktemp(name) / "project")) for name in ("local", "spread")
    )
    done = make(spread)
    assert done.returncode == 0, done.text
    jobs = cluster.jobs(spread.root, "comment", "numnodes", "numtasks", "state")
    assert jobs[0] == ["rule_train_wildcards_full", "2", "2", "COMPLETED"]
    assert all((spread.root / f"results/mini/logs/train/full.node{number}.log").is_file() for number in (0, 1))
    assert local.make("results/mini/pope_score.json").returncode == 0
    assert spread.made() == local.made()
