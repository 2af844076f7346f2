"""A cluster with accounting: the doctor writes down what it is, the study runs there, GPUs are granted."""

import shutil
import time
from collections import Counter

import pytest

from pipeline_lib.machine.slurm_site import read_cluster
from tests.project import Project
from tests.slurm.cluster import Cluster
from tests.slurm.mini import JOBS, is_made_like, kind, make
from tests.slurm.shape import MODEL, Shape

pytestmark = pytest.mark.slurm

SHAPE = Shape(accounting=True)

WIDE = """
rule all:
    input:
        expand("job{number}", number=range(4)),


rule fetch:
    output:
        "job{number}",
    resources:
        gpu=1,
        gpu_model="%s",
    shell:
        "printenv CUDA_VISIBLE_DEVICES > {output}"
"""


def ended(cluster: Cluster, field: str) -> list[list[str]]:
    """Return the state of every job and another field of `sacct`, once the database has them all as ended."""
    deadline = time.monotonic() + 180
    while True:
        listed = cluster.ask("sacct", "-XnP", "-o", f"state,{field}").splitlines()
        found = [line.split("|", 1) for line in listed]
        if found and not {state for state, _ in found} & {"PENDING", "RUNNING"}:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.5)


def test_the_doctor_writes_the_site_and_finds_no_fault(cluster: Cluster, fresh: Project) -> None:
    done = fresh.run("vlmflow", "doctor", "--profile", "slurm", "--study", "mini", "--write")
    assert done.returncode == 0, done.text
    site = read_cluster(fresh.root / "slurm/cluster.yaml")
    assert site.account in ("lab", "root") and site.gpu_model == MODEL
    assert {name: found.max_gpu for name, found in site.partitions.items()} == {"cpu": 0, "gpu": SHAPE.gpus_per_node}
    assert {found.max_runtime for found in site.partitions.values()} == {2880}
    for line in ("sacct answers", "a job's file was visible after", "imports on", "a lock held here is visible on"):
        assert line in done.text
    assert "fault" not in done.text


def test_the_study_runs_as_jobs_of_the_site(cluster: Cluster, fresh: Project, finished: Project) -> None:
    """Its jobs take what equal ones made: how they make it is tested on the cluster without accounting."""
    shutil.copytree(finished.root / ".vlmflow", fresh.root / ".vlmflow")
    assert fresh.run("vlmflow", "doctor", "--profile", "slurm", "--study", "mini", "--write").returncode == 0
    done = make(fresh)
    assert done.returncode == 0, done.text
    assert is_made_like(fresh, finished)
    listed = cluster.jobs(fresh.root, "comment", "state", "partition")
    jobs = [job for job in listed if job[0] != "(null)"]  # but the doctor's
    assert Counter(kind(comment) for comment, _, _ in jobs) == JOBS
    assert {(state, partition) for _, state, partition in jobs} == {("COMPLETED", "cpu")}
    assert {state for state, _ in ended(cluster, "account")} == {"COMPLETED"}


def test_jobs_of_an_array_each_get_a_gpu(cluster: Cluster, fresh: Project) -> None:
    assert fresh.run("vlmflow", "doctor", "--profile", "slurm", "--study", "mini", "--write").returncode == 0
    (fresh.root / "Snakefile").write_text(WIDE % MODEL)
    done = fresh.run("snakemake", "--profile", "slurm", timeout=600)
    assert done.returncode == 0, done.text
    listed = cluster.jobs(fresh.root, "arrayjobid", "arraytaskid", "partition", "tres-alloc")
    jobs = [job for job in listed if job[1] != "N/A"]  # but the doctor's
    assert len({number for number, _, _, _ in jobs}) == 1 and len(jobs) == 4
    assert all(partition == "gpu" and "gres/gpu=1" in granted for _, _, partition, granted in jobs)
    assert {path.read_text().strip() for path in fresh.root.glob("job*")} == {"0", "1"}
