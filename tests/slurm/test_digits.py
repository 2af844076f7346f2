"""The default study on a cluster, whole and over two nodes: the command of the README, and what a local run makes."""

import json
from pathlib import Path

import pytest

from tests.numbers import assert_close
from tests.project import Project
from tests.slurm.cluster import Cluster
from tests.slurm.shape import Shape

pytestmark = [pytest.mark.slurm, pytest.mark.long]

SHAPE = Shape()
TARGET = "results/pope_score.json"
COMMAND = ("snakemake", "--profile", "slurm", TARGET)
SECONDS = 7200

FULL = """
  full:
    start: pretrained
    subset: full
"""
OVER_TWO_NODES = """
  full:
    start: pretrained
    subset: mixed
    devices: {nodes: 2, micro_batch: 4}
"""
PARTS = {  # a tenth of the rows has no image, so that one node may have images in a pass while the other has none
    "datasets": "  mixed: {source: {kind: folder, path: mixed}}",
    "tables": "  mixed: {dataset: mixed, images: [digits_scenes], conversations: {file: mixed.json}}",
    "subsets": "  mixed: {table: mixed, sample: {strategy: digest_rank, fraction: 1.0}}",
}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the default study as this machine makes it without Slurm."""
    project = Project.copy(tmp_path_factory.mktemp("local") / "project")
    assert project.run("snakemake", "-c2", TARGET, timeout=SECONDS).returncode == 0
    return project


def over_two_nodes(project: Project) -> Project:
    """Let the instruction tuning run over two nodes, on rows with and without images."""
    raw = project.root / "data/raw/digits_conversations/000"
    rows = json.loads((raw / "instructions.json").read_text()) + json.loads((raw / "text.json").read_text())[:1000]
    (project.root / "mixed").mkdir()
    (project.root / "mixed/mixed.json").write_text(json.dumps(rows))
    for part, line in PARTS.items():
        project.edit("config.yaml", f"\n{part}:\n", f"\n{part}:\n{line}\n")
    project.edit("config.yaml", FULL, OVER_TWO_NODES)
    return project


def accuracy(project: Project) -> float:
    """Return the accuracy of the run `full` on POPE."""
    found: float = json.loads((project.root / TARGET).read_text())["runs"]["full"]["metrics"]["accuracy"]
    return found


def test_the_default_study_runs_as_jobs(cluster: Cluster, fresh: Project, local: Project) -> None:
    done = fresh.run(*COMMAND, timeout=SECONDS)
    assert done.returncode == 0, done.text
    assert fresh.made() == local.made()
    assert {state for (state,) in cluster.jobs(fresh.root, "state")} == {"COMPLETED"}
    assert "Nothing to be done" in fresh.run(*COMMAND, timeout=SECONDS).text


def test_its_instruction_tuning_over_two_nodes_learns_as_much(cluster: Cluster, local: Project, tmp_path: Path) -> None:
    here, spread = (over_two_nodes(local.clone(tmp_path / name)) for name in ("here", "spread"))
    assert here.run("snakemake", "-c2", TARGET, timeout=SECONDS).returncode == 0
    done = spread.run(*COMMAND, timeout=SECONDS)
    assert done.returncode == 0, done.text
    jobs = cluster.jobs(spread.root, "comment", "numnodes", "state")
    assert ["rule_train_wildcards_full", "2", "COMPLETED"] in jobs
    assert spread.made() == here.made()
    assert_close(accuracy(spread), accuracy(local), 0.05)
