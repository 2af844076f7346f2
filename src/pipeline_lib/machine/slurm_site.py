"""Cluster settings of a site in `slurm/cluster.yaml`, which git ignores and `vlmflow doctor` can write.

`slurm/profile.yaml` calls these functions; without the file, Slurm's defaults apply. Nothing here changes bytes.
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
MANY = 10_000  # jobs in the queue at once: practically no limit, since with one the executor (2.8.0) loses array jobs

Status = Literal["sacct", "squeue"]


class Partition(Settings):
    """The limits of a partition, with the keys of the executor's `--slurm-partition-config`; absent: no limit."""

    max_runtime: int | None = Field(default=None, gt=0, description="minutes")
    max_mem_mb: int | None = Field(default=None, gt=0, description="memory of a node")
    max_threads: int | None = Field(default=None, gt=0, description="cores of a node")
    max_gpu: int = Field(default=0, ge=0, description="GPUs of a job")
    available_gpu_models: list[str] = Field(default=[], description="Slurm's names of the GPU models")
    available_constraints: list[str] = Field(default=[], description="features of the nodes")


class Cluster(Settings):
    """The content of slurm/cluster.yaml."""

    account: str | None = Field(default=None, description="Slurm account; none: your default account")
    constraint: str | None = Field(default=None, description="required features of nodes, as in `sbatch -C`")
    gpu_model: str | None = Field(default=None, description="GPU model of GPU jobs; none: any")
    fetch: str | None = Field(
        default=None,
        description="where fetch jobs run: `login` or a partition with network access; none: like other jobs",
    )
    status: Status | None = Field(
        default=None, description="command that queries job states; none: chosen from Slurm's configuration"
    )
    jobs: int | None = Field(default=None, gt=0, description="most jobs in the queue at once; turns off job arrays")
    partitions: dict[str, Partition] = Field(
        default={}, description="partitions by name; a job goes to the one that fits it best"
    )

    def resources(self) -> dict[str, str]:
        """Return the resources that every job requests, by the executor's names."""
        resources = {"slurm_account": self.account, "constraint": self.constraint}
        return {name: value for name, value in resources.items() if value is not None}

    def rule_resources(self) -> dict[str, dict[str, str]] | None:
        """Return the resources that jobs of single rules request, or None."""
        return None if self.fetch in (None, LOGIN) else {"fetch": {"slurm_partition": self.fetch}}

    def partition_file(self) -> str | None:
        """Return the file from which the executor chooses a partition, or None for Slurm's default partition."""
        return str(FILE) if self.partitions else None

    def status_command(self) -> Status:
        """Return the command that queries job states; `sacct` needs a database, which not every cluster has."""
        return self.status or ("sacct" if has_accounting() else "squeue")

    def most(self, resource: str) -> int | None:
        """Return the most minutes (`runtime`) or MB (`mem_mb`) of any partition, or None for no limit."""
        limits = [getattr(partition, f"max_{resource}") for partition in self.partitions.values()]
        return None if not limits or None in limits else max(limits)


def read_cluster(file: Path = FILE) -> Cluster:
    """Return the site's cluster settings, or defaults without a file; raise PipelineError if the file is invalid."""
    if not file.is_file():
        return Cluster()
    content = read_yaml(file, YAML()) or {}
    cure = "docs/cluster.md lists the keys; `vlmflow doctor --profile slurm --write` writes the file"
    return settings_in(content, Cluster, file, "a description of a cluster", cure)


def has_accounting() -> bool:
    """Return whether this Slurm cluster stores its jobs in a database."""
    printed, _ = ask("scontrol", "show", "config", seconds=20)
    return any(line.split() == ["AccountingStorageType", "=", DATABASE] for line in printed.splitlines())
