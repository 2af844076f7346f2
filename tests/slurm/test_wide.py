"""A training over all GPUs of a large cluster gets them; its steps are as large as it says, or it is refused before."""

import pytest

from tests.project import Done, Project
from tests.slurm.cluster import Cluster
from tests.slurm.shape import MODEL, Shape

pytestmark = [pytest.mark.slurm, pytest.mark.long]

SHAPE = Shape(cpu_nodes=0, gpu_nodes=8, gpus_per_node=8, accounting=True)
TARGET = "results/mini/checkpoints/full.manifest.json"
SITE = f"""
gpu_model: {MODEL}
partitions:
  gpu: {{max_gpu: 8, available_gpu_models: [{MODEL}]}}
"""


@pytest.fixture()
def large(mini: Project) -> Project:
    """Return a study of which one training is missing, that of InternVL-Chat-V1.2: 512 rows a step, 8 a GPU."""
    study = mini.root / "studies/mini.yaml"
    before, after = study.read_text().split("\n  full:\n")
    after = after.replace("batch_size: 8, ", "batch_size: 512, ", 1)
    study.write_text(f"{before}\n  full:\n{after}".replace("device: cpu", "device: cuda"))
    (mini.root / "slurm/cluster.yaml").write_text(SITE)
    return mini


def on(project: Project, nodes: int, rows: int = 8) -> None:
    """Let the training run on nodes of eight GPUs."""
    devices = f"devices: {{nodes: {nodes}, gpus_per_node: 8, micro_batch: {rows}}}"
    project.edit("studies/mini.yaml", "\n  full:\n    start", f"\n  full:\n    {devices}\n    start")


def train(project: Project) -> Done:
    """Train on the cluster; what else is stale by another device stays as it is."""
    options = ("--profile", "slurm", "--config", "study=mini", "--allowed-rules", "train", "--retries", "0")
    return project.run("snakemake", *options, "--", TARGET, timeout=600)


@pytest.mark.parametrize("nodes", [4, 8])
def test_slurm_grants_the_nodes_and_the_gpus(cluster: Cluster, large: Project, nodes: int) -> None:
    on(large, nodes)
    done = train(large)
    (job,) = cluster.jobs(large.root, "comment", "numnodes", "numtasks", "partition", "tres-alloc")
    assert job[:4] == ["rule_train_wildcards_full", str(nodes), str(nodes), "gpu"]
    assert f"gres/gpu={8 * nodes}" in job[4].split(",")
    for number in range(nodes):
        log = large.root / f"results/mini/logs/train/full.node{number}.log"
        assert "on GPU 0, 1, 2, 3, 4, 5, 6, 7" in log.read_text()
    assert "Slurm granted 8 GPUs on this node, and torch can use 0" in done.text  # they are emulated


def test_a_step_that_the_gpus_cannot_share_is_refused_before_anything_is_submitted(
    cluster: Cluster, large: Project
) -> None:
    on(large, 6)
    done = train(large)
    assert done.returncode != 0
    assert "512 rows a step are not a multiple of 6 x 8 processes x 8 = 384 rows" in done.text
    assert cluster.jobs(large.root, "comment") == []
