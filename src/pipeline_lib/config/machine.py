"""Compare a study's needs (memory, GPUs, libraries) with what this machine or cluster has."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Iterator

from pipeline_lib.config.problem import Problem
from pipeline_lib.config.study import Study, Training
from pipeline_lib.machine.gpus import visible
from pipeline_lib.machine.memory import main_memory
from pipeline_lib.machine.slurm_site import FILE, Cluster, read_cluster
from pipeline_lib.training.settings import Optimisation

GB = 10**9
MB = 10**6
CUDA = "make setup TORCH=cuda"
SETUP = "make setup"


@dataclass(frozen=True)
class Machine:
    """What a job can use: `memory` in bytes and `gpus`, None for no limit, and versions of libraries.

    `subject` begins messages: "this machine has". Without a cluster (`alone`) all nodes of a training are this machine.
    """

    subject: str
    alone: bool
    memory: int | None
    gpus: int | None
    torch: str | None
    deepspeed: bool


def this_machine(root: Path = Path()) -> Machine:
    """Return what jobs can use here: the limits of slurm/cluster.yaml if that file exists, else of this machine."""
    libraries = (_version("torch"), find_spec("deepspeed") is not None)
    file = root / FILE
    if not file.is_file():
        return Machine("this machine has", True, main_memory(), len(visible()), *libraries)
    site = read_cluster(file)
    memory = _most(site, "max_mem_mb")
    return Machine(f"the partitions of {FILE} have", False, memory and MB * memory, _most(site, "max_gpu"), *libraries)


def machine_problems(study: Study, machine: Machine) -> Iterator[Problem]:
    """Yield a problem for every need of the study that no job here can meet."""
    if machine.memory is not None and study.memory_gb * GB > machine.memory:
        what = f"{machine.subject} {machine.memory / GB:.1f} GB"
        yield Problem(("memory_gb",), what, study.memory_gb, "lower it, or use a machine with more memory")
    if study.device == "cuda":
        yield from _cuda(study, machine)
    for name, training in study.trainings.items():
        if training.devices.by_deepspeed and not machine.deepspeed:
            key = ("trainings", name, "devices", "sharding")
            yield Problem(key, "DeepSpeed is not installed here", training.devices.sharding, SETUP)


def _cuda(study: Study, machine: Machine) -> Iterator[Problem]:
    if machine.torch is None or machine.torch.endswith("+cpu"):
        yield Problem(
            ("device",),
            f"PyTorch is installed here without support for GPUs: {machine.torch or 'none'}",
            study.device,
            CUDA,
        )
    if machine.gpus == 0:
        yield Problem(
            ("device",), f"{machine.subject} no GPU", study.device, "use a machine with one, or `device: cpu`"
        )
    for name, training in study.trainings.items():
        count = _gpus(training, machine.alone)
        if machine.gpus and count > machine.gpus:
            key, value = ("trainings", name, "devices", "gpus_per_node"), training.devices.gpus_per_node
            what = f"this training needs {count} GPUs, and {machine.subject} {machine.gpus}"
            yield Problem(key, what, value, "lower the number in `devices`")
    for name, run in study.runs.items():
        count = run.engine.processes_at_once()
        if machine.gpus and count > machine.gpus:
            what = f"this run answers on {count} GPUs, and {machine.subject} {machine.gpus}"
            key = ("runs", name, "engine", "gpus" if run.engine.serves_model else "processes")
            yield Problem(key, what, count, "lower the number")


def _gpus(training: Training, alone: bool) -> int:
    """Return how many GPUs of one machine a training uses; a recipe without training steps uses none."""
    if not isinstance(training.recipe, Optimisation):
        return 0
    return training.devices.processes if alone else training.devices.gpus_per_node


def _most(site: Cluster, limit: str) -> int | None:
    """Return the largest limit of any partition, None if there is no limit."""
    limits = [getattr(partition, limit) for partition in site.partitions.values()]
    return None if not limits or None in limits else max(limits)


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
