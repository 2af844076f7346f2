"""What a study needs of the machine or cluster that runs it: memory, GPUs, libraries; held against what is there."""

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


@dataclass(frozen=True)
class Machine:
    """What a job may have: `memory` in bytes and `gpus`, None without a limit, and who says so; versions of libraries.

    Without a cluster (`alone`) a training over several nodes computes everything here.
    """

    says: str
    alone: bool
    memory: int | None
    gpus: int | None
    torch: str | None
    deepspeed: bool


def this_machine(root: Path = Path()) -> Machine:
    """Return what jobs may have here: by slurm/cluster.yaml, where it is there, else of this machine."""
    libraries = (_version("torch"), find_spec("deepspeed") is not None)
    file = root / FILE
    if not file.is_file():
        return Machine("this machine has", True, main_memory(), len(visible()), *libraries)
    site = read_cluster(file)
    memory = _most(site, "max_mem_mb")
    return Machine(f"the partitions of {FILE} have", False, memory and MB * memory, _most(site, "max_gpu"), *libraries)


def machine_problems(study: Study, machine: Machine) -> Iterator[Problem]:
    """Yield what the study asks for and no job here can have."""
    if machine.memory is not None and study.memory_gb * GB > machine.memory:
        room = f"{machine.says} {machine.memory / GB:.1f} GB"
        yield Problem(("memory_gb",), room, study.memory_gb, "write less, or use a machine with more memory")
    if study.device == "cuda":
        yield from _cuda(study, machine)
    for name, training in study.trainings.items():
        if training.devices.sharding != "none" and not machine.deepspeed:
            key = ("trainings", name, "devices", "sharding")
            yield Problem(key, "DeepSpeed is not installed here", training.devices.sharding, CUDA)


def _cuda(study: Study, machine: Machine) -> Iterator[Problem]:
    if machine.torch is None or machine.torch.endswith("+cpu"):
        yield Problem(("device",), f"PyTorch here computes on no GPU: {machine.torch or 'none'}", study.device, CUDA)
    if machine.gpus == 0:
        yield Problem(("device",), f"{machine.says} no GPU", study.device, "use a machine with one, or `device: cpu`")
    for name, training in study.trainings.items():
        count = _gpus(training, machine.alone)
        if machine.gpus and count > machine.gpus:
            key, value = ("trainings", name, "devices", "gpus_per_node"), training.devices.gpus_per_node
            what = f"this training takes {count} GPUs, and {machine.says} {machine.gpus}"
            yield Problem(key, what, value, "let `devices` name fewer")


def _gpus(training: Training, alone: bool) -> int:
    """Return how many GPUs of one machine a training takes; one without steps takes none."""
    if not isinstance(training.recipe, Optimisation):
        return 0
    return training.devices.processes if alone else training.devices.gpus_per_node


def _most(site: Cluster, limit: str) -> int | None:
    """Return the largest limit of any partition, None where nothing limits it."""
    limits = [getattr(partition, limit) for partition in site.partitions.values()]
    return None if not limits or None in limits else max(limits)


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
