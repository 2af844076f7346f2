"""slurm/cluster.yaml as Slurm would fill it in; a person corrects it."""

import io
from typing import Any

from ruamel.yaml import YAML

from pipeline_lib.doctor.slurm import Facts
from pipeline_lib.machine.slurm_site import Cluster, Partition

HEAD = """\
# What this site adds to slurm/profile.yaml. Written by `vlmflow doctor --profile slurm --write`; correct it by hand.
# docs/cluster.md says what else may stand here: constraint, fetch, status, jobs.
"""


def proposal(facts: Facts) -> Cluster:
    """Return what a site says where nobody knows better: default account, every partition, the only GPU model."""
    models = sorted(facts.models)
    return Cluster(
        account=facts.accounts[0] if facts.accounts else None,
        gpu_model=models[0] if len(models) == 1 else None,
        partitions=facts.partitions,
    )


def cluster_text(cluster: Cluster) -> str:
    """Return the file's text: only what is said."""
    said: dict[str, Any] = cluster.model_dump(exclude_defaults=True)
    if "partitions" in said:
        said["partitions"] = {name: _short(partition) for name, partition in cluster.partitions.items()}
    stream = io.StringIO()
    writer = YAML()
    writer.default_flow_style = None
    writer.width = 110
    writer.dump(said, stream)
    return HEAD + stream.getvalue()


def _short(partition: Partition) -> dict[str, Any]:
    return partition.model_dump(exclude_defaults=True)
