"""What a site adds to slurm/profile.yaml: `slurm/cluster.yaml`, which git ignores and `vlmflow doctor` can write.

The profile asks these functions; where there is no such file, Slurm's own defaults stand. Nothing here changes bytes.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field
from ruamel.yaml import YAML

from pipeline_lib.core.settings import Settings
from pipeline_lib.core.yaml_file import read_yaml, settings_in
from pipeline_lib.machine.commands import ask

FILE = Path("slurm/cluster.yaml")
LOGIN = "login"
DATABASE = "accounting_storage/slurmdbd"
MANY = 10_000  # jobs in the queue at once: no limit, for with one the executor (2.8.0) loses jobs of an array

Status = Literal["sacct", "squeue"]


class Partition(Settings):
    """What a partition takes, in the words of the executor's `--slurm-partition-config`; unsaid: no limit."""

    max_runtime: int | None = Field(default=None, gt=0, description="minutes")
    max_mem_mb: int | None = Field(default=None, gt=0, description="memory of a node")
    max_threads: int | None = Field(default=None, gt=0, description="cores of a node")
    max_gpu: int = Field(default=0, ge=0, description="GPUs of a job")
    available_gpu_models: list[str] = Field(default=[], description="as Slurm names them")
    available_constraints: list[str] = Field(default=[], description="features of the nodes")


class Cluster(Settings):
    """The content of slurm/cluster.yaml."""

    account: str | None = Field(default=None, description="who pays; none: your default account")
    constraint: str | None = Field(default=None, description="features that nodes must have, as sbatch -C takes it")
    gpu_model: str | None = Field(default=None, description="the GPUs of jobs that need some; none: any")
    fetch: str | None = Field(
        default=None, description="where the network is: `login` or a partition; none: fetched like any other job"
    )
    status: Status | None = Field(default=None, description="what tells a job's state; none: asked of Slurm")
    jobs: int | None = Field(default=None, gt=0, description="jobs in the queue at once; with it no arrays")
    partitions: dict[str, Partition] = Field(default={}, description="a job goes to the one that it fits best")

    def resources(self) -> dict[str, str]:
        """Return what every job asks for, by the executor's names."""
        found = {"slurm_account": self.account, "constraint": self.constraint}
        return {name: value for name, value in found.items() if value is not None}

    def rule_resources(self) -> dict[str, dict[str, str]] | None:
        """Return what jobs of one rule ask for, None where that is nothing."""
        return None if self.fetch in (None, LOGIN) else {"fetch": {"slurm_partition": self.fetch}}

    def partition_file(self) -> str | None:
        """Return the file from which the executor chooses a partition, None where Slurm's default partition stands."""
        return str(FILE) if self.partitions else None

    def status_command(self) -> Status:
        """Return which command tells the state of jobs: `sacct` needs a database, which not every cluster has."""
        return self.status or ("sacct" if has_accounting() else "squeue")

    def most(self, resource: str) -> int | None:
        """Return the most minutes (`runtime`) or MB (`mem_mb`) that any partition takes, None without an end."""
        limits = [getattr(partition, f"max_{resource}") for partition in self.partitions.values()]
        return None if not limits or None in limits else max(limits)


def read_cluster(file: Path = FILE) -> Cluster:
    """Return what a site says, nothing where there is no file; a fault in it raises PipelineError."""
    if not file.is_file():
        return Cluster()
    content = read_yaml(file, YAML()) or {}
    cure = "docs/cluster.md lists the keys; `vlmflow doctor --profile slurm --write` writes the file"
    return settings_in(content, Cluster, file, "a description of a cluster", cure)


def has_accounting() -> bool:
    """Return whether Slurm here says that it keeps its jobs in a database."""
    printed, _ = ask("scontrol", "show", "config", seconds=20)
    return any(line.split() == ["AccountingStorageType", "=", DATABASE] for line in printed.splitlines())
