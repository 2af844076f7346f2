"""`--profile slurm` asks for what slurm/cluster.yaml says, of the jobs that need it. No Slurm is needed for a dry run."""

import re

from tests.project import Project

SITE = """
account: physics
constraint: nvlink
gpu_model: a100
fetch: transfer
partitions:
  short: {max_runtime: 100, max_mem_mb: 6000}
  gpu: {max_runtime: 2880, max_gpu: 4}
"""
DRY = ("-n", "--profile", "slurm", "--config", "study=mini")


def asked(project: Project, *options: str) -> dict[str, str]:
    """Return the resources of every rule that a dry run lists: of the job that asks for most."""
    done = project.snakemake(*DRY, *options)
    assert done.returncode == 0, done.text
    found = re.findall(r"^ *(?:local)?rule (\w+):\n(?:.+\n)*? *resources: (.*)\n", done.text, flags=re.MULTILINE)
    assert found, done.text
    return dict(sorted(found, key=lambda job: len(job[1])))


def test_without_a_site_file_slurms_own_defaults_stand(fresh: Project) -> None:
    resources = asked(fresh)
    assert {"fetch", "train", "predict", "gather"} <= resources.keys()
    assert not any(
        key in told
        for told in resources.values()
        for key in ("slurm_account", "slurm_partition", "gpu_model", "constraint")
    )


def test_a_site_adds_to_every_job_and_to_some(fresh: Project) -> None:
    (fresh.root / "slurm/cluster.yaml").write_text(SITE)
    fresh.edit("studies/mini.yaml", "device: cpu", "device: cuda")
    resources = asked(fresh)
    assert all("slurm_account=physics" in told and "constraint=nvlink" in told for told in resources.values())
    with_gpus = {rule for rule, told in resources.items() if "gpu=1" in told and "gpu_model=a100" in told}
    assert with_gpus == {"train", "predict"}
    assert {rule for rule, told in resources.items() if "gpu_model" in told} == with_gpus
    assert {rule for rule, told in resources.items() if "slurm_partition=transfer" in told} == {"fetch"}


def test_a_fault_in_the_site_file_is_told_before_anything_runs(fresh: Project) -> None:
    (fresh.root / "slurm/cluster.yaml").write_text("gpumodel: a100\n")
    done = fresh.snakemake("-n", "-c1", "--config", "study=mini")
    assert done.returncode != 0
    assert "slurm/cluster.yaml:1: gpumodel" in done.text and "docs/cluster.md" in done.text
