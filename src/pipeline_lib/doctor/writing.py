"""Write slurm/cluster.yaml from what Slurm reports; the user corrects it."""

import io
from typing import Any

from ruamel.yaml import YAML

from pipeline_lib.doctor.slurm import Facts
from pipeline_lib.machine.slurm_site import Cluster, Partition

HEAD = """\
# What this site adds to slurm/profile.yaml. Written by `vlmflow doctor --profile slurm --write`; correct it by hand.
# docs/cluster.md describes the other keys: constraint, fetch, status, jobs.
"""


def proposal(facts: Facts) -> Cluster:
    """Return a site's settings from Slurm's facts: default account, every partition, the GPU model if there is one."""
    models = sorted(facts.models)
    return Cluster(
        account=facts.accounts[0] if facts.accounts else None,
        gpu_model=models[0] if len(models) == 1 else None,
        partitions=facts.partitions,
    )


def cluster_text(cluster: Cluster) -> str:
    """Return the file's text, without default values."""
    settings: dict[str, Any] = cluster.model_dump(exclude_defaults=True)
    if "partitions" in settings:
        settings["partitions"] = {name: _short(partition) for name, partition in cluster.partitions.items()}
    stream = io.StringIO()
    writer = YAML()
    writer.default_flow_style = None
    writer.width = 110
    writer.dump(settings, stream)
    return HEAD + stream.getvalue()


def _short(partition: Partition) -> dict[str, Any]:
    return partition.model_dump(exclude_defaults=True)
