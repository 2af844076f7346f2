"""What jobs request of a machine or cluster: GPUs, nodes, and more memory and time in each attempt."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_object
from pipeline_lib.machine.numerics import DeviceSettings
from pipeline_lib.machine.pool import worthwhile
from pipeline_lib.machine.slurm_site import Cluster
from pipeline_lib.training.settings import Devices

CORES_OF_JOB = 16  # at most in a cluster, where a job with many cores waits long
MB_OF_PROCESS = 500  # that converts images, beside the largest ones


def gpus(settings: DeviceSettings) -> int | None:
    """Return how many GPUs each node of a job takes, or None; Slurm's plugin reads the resource `gpu`."""
    return settings.gpus_per_node() or None


def nodes_of(devices: Devices) -> int | None:
    """Return the number of nodes of a training, or None for a single node."""
    return devices.nodes if devices.nodes > 1 else None


@dataclass(frozen=True)
class Requests:
    """The requests of jobs at a site."""

    site: Cluster

    def cores_of_shard(self, manifest: Path, shards: int, local_cores: int | None) -> int:
        """Return the cores of the job that converts a shard with this manifest: what its files occupy of its part.

        The part is that of one shard of so many in the cores of this machine or, with None, of a node of the cluster;
        nodes of unknown size count as one core.
        """
        cores = min(self.site.most("threads") or 1, CORES_OF_JOB) if local_cores is None else local_cores
        return worthwhile(_file_count(manifest), max(1, cores // shards))

    def gpu_model(self, settings: DeviceSettings) -> str | None:
        """Return the GPU model that the site requests, or None for a job without a GPU."""
        return self.site.gpu_model if gpus(settings) else None

    def gpus_of_nodes(self, settings: DeviceSettings) -> str | None:
        """Return the GPUs that every node of a training must have, as Slurm names them, or None without GPUs."""
        kind = f"gpu:{self.site.gpu_model}" if self.site.gpu_model else "gpu"
        count = gpus(settings)
        return f"{kind}:{count}" if count else None

    def growing(self, resource: str, first: int) -> Callable[[Any, int], int]:
        """Return the request of each attempt: `first`, then twice and three times as much, up to the site's limit."""
        most = self.site.most(resource)
        return lambda wc, attempt: first * attempt if most is None else max(first, min(first * attempt, most))


def _file_count(manifest: Path) -> int:
    """Return how many files a manifest or its listing has; 0 without a manifest, or if the job will refuse it."""
    try:
        content = read_object(manifest) if manifest.is_file() else {}
        return int(content["listing"]["count"]) if "listing" in content else len(content.get("files", []))
    except (PipelineError, KeyError, TypeError, ValueError):
        return 0
