"""The base of a training or a merge, from the manifests of a job's inputs."""

from typing import Callable

from pipeline_lib.job.manifest import Manifest
from pipeline_lib.models.llava import Base

PARTS = ("start", "tower", "projector")


def given_base(manifests: Callable[[str], list[Manifest]]) -> Base:
    """Return the base whose parts `manifests` returns by name, with every file verified."""
    parts = {name: manifest for name in PARTS for manifest in manifests(name)}
    folders = {name: manifest.folder() for name, manifest in parts.items()}
    return Base(**folders, digests={name: manifest.sha256 for name, manifest in parts.items()})
