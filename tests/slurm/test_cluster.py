"""The test cluster itself: it is as large as it is asked to be, and a killed test leaves nothing to the next."""

import subprocess
import sys

import pytest

from tests.project import ROOT
from tests.slurm.cluster import LINK, running
from tests.slurm.daemons import began
from tests.slurm.shape import Shape

pytestmark = pytest.mark.slurm


def test_eight_nodes_of_eight_gpus() -> None:
    with running(Shape(cpu_nodes=0, gpu_nodes=8, gpus_per_node=8)) as cluster:
        each = cluster.ask("srun", "-N8", "--gpus-per-node=8", "printenv", "CUDA_VISIBLE_DEVICES").splitlines()
        assert each == ["0,1,2,3,4,5,6,7"] * 8
    assert not LINK.is_symlink()


def test_what_a_killed_test_left_is_ended_by_the_next() -> None:
    killed = subprocess.Popen(
        [sys.executable, "-m", "tests.slurm.cluster"], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert killed.stderr is not None
    assert any(line.startswith("up:") for line in killed.stderr)
    killed.kill()
    killed.wait()
    folder = LINK.readlink().parent
    left = [tuple(map(int, mark.read_text().split())) for mark in (folder / "run").iterdir()]
    assert left and all(began(number) == started for number, started in left)
    with running(Shape(cpu_nodes=1, gpu_nodes=0)) as cluster:
        assert cluster.ask("sinfo", "-hNo", "%N") == "c0"
        assert not folder.exists()
        assert not any(began(number) == started for number, started in left)
