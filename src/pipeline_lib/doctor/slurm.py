"""What Slurm reports about the cluster, from its commands, parsed into plain values."""

import getpass
import re
import shutil
from dataclasses import dataclass, field
from typing import Sequence

from pipeline_lib.machine.commands import ask
from pipeline_lib.machine.slurm_site import DATABASE, Partition

PROGRAMS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo", "which")  # what the executor calls
PARTITIONS = "%P|%a|%l|%m|%c|%G|%f|%D"


@dataclass(frozen=True)
class Group:
    """Identical nodes of a partition: their number, and the GPUs of each."""

    partition: str
    nodes: int
    gpus: int


@dataclass(frozen=True)
class Facts:
    """A cluster as its commands describe it; empty where a command is missing or failed."""

    missing: list[str] = field(default_factory=list)
    config: dict[str, str] = field(default_factory=dict)
    partitions: dict[str, Partition] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    default: str | None = None  # the partition of jobs that name none
    accounts: list[str] = field(default_factory=list)  # the user's, the default one first
    sacct: str = "not asked"  # "" if sacct answers, else why it does not

    @property
    def accounting(self) -> bool:
        """Return whether Slurm keeps its jobs in a database."""
        return self.config.get("AccountingStorageType") == DATABASE

    @property
    def models(self) -> set[str]:
        """Return the models of all GPUs."""
        return {model for partition in self.partitions.values() for model in partition.available_gpu_models}


def gather_facts() -> Facts:
    """Query Slurm for its facts."""
    config = parse_config(ask("scontrol", "show", "config")[0])
    listed_nodes = ask("sinfo", "-h", "-o", PARTITIONS)[0]
    partitions, default = parse_partitions(listed_nodes)
    accounting = config.get("AccountingStorageType") == DATABASE
    user = getpass.getuser()
    listed, usual = "", ""
    if accounting:
        listed = ask("sacctmgr", "-nPs", "list", "user", user, "format=account")[0]
        usual = ask("sacctmgr", "-nP", "list", "user", user, "format=defaultaccount")[0]
    names = dict.fromkeys(line for line in [*usual.splitlines(), *listed.splitlines()] if line)
    return Facts(
        missing=[name for name in PROGRAMS if shutil.which(name) is None],
        config=config,
        partitions=partitions,
        groups=parse_groups(listed_nodes),
        default=default,
        accounts=list(names),
        sacct=ask("sacct", "-X", "-n")[1] if accounting else "there is no database",
    )


def parse_config(text: str) -> dict[str, str]:
    """Return the settings that `scontrol show config` lists."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def parse_partitions(text: str) -> tuple[dict[str, Partition], str | None]:
    """Return the partitions that are up, from `sinfo -o` with PARTITIONS, and the default one.

    A partition's limits are those of its largest node, as a job's limits are per node.
    """
    parsed: dict[str, Partition] = {}
    default = None
    for line in text.splitlines():
        name, available, limit, memory, cores, gres, features, _ = line.split("|")
        if available != "up":
            continue
        default = name.rstrip("*") if name.endswith("*") else default
        gpus = parse_gpus(gres)
        old = parsed.get(name.rstrip("*"), Partition())
        parsed[name.rstrip("*")] = Partition(
            max_runtime=minutes(limit),
            max_mem_mb=max(old.max_mem_mb or 0, int(memory.rstrip("+"))),
            max_threads=max(old.max_threads or 0, int(cores.rstrip("+"))),
            max_gpu=max(old.max_gpu, sum(gpus.values())),
            available_gpu_models=sorted({*old.available_gpu_models, *(model for model in gpus if model)}),
            available_constraints=sorted({*old.available_constraints, *_names(features)}),
        )
    return parsed, default


def parse_groups(text: str) -> list[Group]:
    """Return the nodes of the partitions that are up, from `sinfo -o` with PARTITIONS."""
    rows = [line.split("|") for line in text.splitlines()]
    return [Group(row[0].rstrip("*"), int(row[7]), sum(parse_gpus(row[5]).values())) for row in rows if row[1] == "up"]


def parse_gpus(gres: str) -> dict[str, int]:
    """Return how many GPUs of each model a node has, from `gpu:a100:4(S:0-1),nvme:1`; "" is a model without a name."""
    listed = re.findall(r"(?:^|,)gpu(?::([A-Za-z_][\w.]*))?(?::(\d+))?(?=[,(]|$)", gres)
    return {model: int(count or 1) for model, count in listed}


def minutes(limit: str) -> int | None:
    """Return a time limit of Slurm in whole minutes, None if there is no limit."""
    if limit in ("infinite", "UNLIMITED", "n/a"):
        return None
    days, _, clock = limit.rpartition("-")
    parts = [int(part) for part in clock.split(":")]
    hours = parts.pop(0) if days or len(parts) == 3 else 0
    return max(1, int(days or 0) * 1440 + hours * 60 + (parts[0] if parts else 0))


def _names(features: str) -> Sequence[str]:
    return () if features == "(null)" else features.split(",")
