"""`--profile local` counts GPUs: no more jobs on a GPU at once than there are, each on another; other jobs need none."""

import os
import re
from pathlib import Path
from types import SimpleNamespace

from snakemake_executor_plugin_slurm.utils import set_gres_string

from tests import quick_start
from tests.project import Project
from tests.unit.test_gpus import JOB, machine, whole

SNAKEFILE = """
rule all:
    input:
        expand("job{number}", number=range(6)),


rule job:
    output:
        "job{number}",
    resources:
        gpu=1,
    shell:
        "python job.py {output} 0.3 1"
"""


def path(folder: Path) -> str:
    """Return a search path that begins with an nvidia-smi that lists two GPUs."""
    return f"{machine(folder, whole(0), whole(1))}:{quick_start.programs(())}:{os.environ['PATH']}"


def test_the_local_profile_gives_each_job_a_gpu_of_its_own(fresh: Project, tmp_path: Path) -> None:
    (fresh.root / "Snakefile").write_text(SNAKEFILE)
    (fresh.root / "job.py").write_text(JOB)
    done = fresh.snakemake("--profile", "local", "--cores", "6", PATH=path(tmp_path))
    assert done.returncode == 0, done.text
    spans = [(fresh.root / f"job{number}").read_text().split() for number in range(6)]
    assert {device for device, _, _ in spans} == {"GPU-0a", "GPU-1a"}
    for _, began, _ in spans:
        at_work = [device for device, first, last in spans if float(first) <= float(began) < float(last)]
        assert len(at_work) == len(set(at_work)) <= 2


def test_jobs_that_take_steps_or_ask_take_a_gpu_where_the_study_is_on_one(fresh: Project, tmp_path: Path) -> None:
    """`untrained` is assembled, starting weights are only made: they compute nothing on a GPU."""
    fresh.edit("studies/mini.yaml", "device: cpu", "device: cuda")
    done = fresh.snakemake("-n", "--profile", "local", "--config", "study=mini", PATH=path(tmp_path))
    assert done.returncode == 0, done.text
    jobs = re.findall(r"^rule (\w+):\n((?:    .*\n)*)", done.text, flags=re.MULTILINE)
    names = {" ".join([rule, *re.findall(r"wildcards: \w+=(\w+)", told)]) for rule, told in jobs if "gpu=1" in told}
    assert {name for name in names if not name.startswith("predict")} == {
        f"train {name}" for name in ("language", "tower", "pretrained", "half", "full")
    }
    assert len([rule for rule, told in jobs if rule == "predict" and "gpu=1" in told]) == 3
    assert not any("gpu=0" in told for _, told in jobs)


def test_slurm_understands_how_many_gpus_a_job_asks_for() -> None:
    asked = [set_gres_string(SimpleNamespace(resources={"gpu": count})).strip() for count in (0, 1)]
    assert asked == ["", "--gpus=1"]
