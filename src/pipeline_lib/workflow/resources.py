"""What jobs request of a machine or cluster: GPUs, nodes, and more memory and time in each attempt."""

from dataclasses import dataclass
from typing import Any, Callable

from pipeline_lib.machine.numerics import DeviceSettings
from pipeline_lib.machine.slurm_site import Cluster
from pipeline_lib.training.settings import Devices


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
