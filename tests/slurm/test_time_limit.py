"""A training that is longer than its time limit ends where an undisturbed one does."""

import re
from pathlib import Path

import pytest

from tests.project import Project
from tests.slurm.cluster import Cluster
from tests.slurm.mini import make
from tests.slurm.shape import Shape

pytestmark = [pytest.mark.slurm, pytest.mark.long]

SHAPE = Shape()
STEPS = 4000  # some minutes
LAST = "\n  full:\n    start: pretrained\n    subset: full\n    recipe: {name: full, steps: "


@pytest.fixture()
def longer(finished: Project, tmp_path: Path) -> Project:
    """Return the finished study, of which one training is now to take minutes."""
    project = finished.clone(tmp_path / "longer")
    project.edit("studies/mini.yaml", f"{LAST}5", f"{LAST}{STEPS}")
    project.edit("studies/mini.yaml", "save_every: 0", "save_every: 600")  # no state but the notice's
    return project


def test_a_training_keeps_its_state_at_the_notice_and_goes_on_after_the_limit(
    cluster: Cluster, longer: Project, tmp_path: Path
) -> None:
    local = longer.clone(tmp_path / "local")
    assert local.run("snakemake", "-c2", "--config", "study=mini", timeout=3600).returncode == 0

    longer.edit("rules/train.smk", 'growing("runtime", 1440)', "3")
    longer.edit("rules/train.smk", "--signal=TERM@120", "--signal=TERM@60")  # which may come a minute sooner
    done = make(longer)
    assert done.returncode == 0, done.text
    assert longer.made() == local.made()

    jobs = cluster.jobs(longer.root, "comment", "state", "timelimit", "jobid")
    assert jobs[0][:3] == ["rule_train_wildcards_full", "COMPLETED", "3:00"]
    restarts = re.search(r"Restarts=(\d+)", cluster.ask("scontrol", "show", "job", jobs[0][3]))
    assert restarts is not None and int(restarts[1]) >= 1
    assert "resuming from step-" in (longer.root / "results/mini/logs/train/full.log").read_text()
