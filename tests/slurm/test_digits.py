"""The default study on a cluster: the command of the README, and the digests of a local run."""

from pathlib import Path

import pytest

from tests.project import Project
from tests.slurm.cluster import Cluster
from tests.slurm.shape import Shape

pytestmark = [pytest.mark.slurm, pytest.mark.long]

SHAPE = Shape()
COMMAND = ("snakemake", "--profile", "slurm", "results/pope_score.json")
SECONDS = 7200


def test_the_default_study_runs_as_jobs(cluster: Cluster, fresh: Project, tmp_path: Path) -> None:
    local = Project.copy(tmp_path / "local")
    assert local.run("snakemake", "-c2", "results/pope_score.json", timeout=SECONDS).returncode == 0
    done = fresh.run(*COMMAND, timeout=SECONDS)
    assert done.returncode == 0, done.text
    assert fresh.made() == local.made()
    assert {state for (state,) in cluster.jobs(fresh.root, "state")} == {"COMPLETED"}
    assert "Nothing to be done" in fresh.run(*COMMAND, timeout=SECONDS).text
