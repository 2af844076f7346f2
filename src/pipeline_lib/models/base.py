"""The checkpoints that a model is made of, and where each of its parts comes from."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from pipeline_lib.job.manifest import SUFFIX, Manifest
from pipeline_lib.models.card import read_card

PARTS = ("start", "tower", "projector")
TENSORS = (".safetensors", ".bin")


@dataclass(frozen=True)
class Base:
    """The checkpoints that a model is made of: a whole or a language model, optionally a tower and a projector.

    `digests` are those of their manifests, by part.
    """

    start: Path
    tower: Path | None = None
    projector: Path | None = None
    digests: dict[str, str] = field(default_factory=dict)


def given_base(manifests: Callable[[str], list[Manifest]]) -> Base:
    """Return the base whose parts `manifests` returns by name, with every file verified."""
    parts = {name: manifest for name in PARTS for manifest in manifests(name)}
    folders = {name: manifest.folder() for name, manifest in parts.items()}
    return Base(**folders, digests={name: manifest.sha256 for name, manifest in parts.items()})


def origins(base: Base, otherwise: str) -> dict[str, str]:
    """Return the input that each part of an opened model comes from, such as `start`.

    `otherwise` is the projector's origin for a base that has none.
    """
    if base.projector is not None:
        projector = "projector"
    else:
        projector = otherwise if read_card(base.start).kind == "language" else "start"
    return {"language": "start", "vision": "start" if base.tower is None else "tower", "projector": projector}


def folder_without_tensors(manifest: Manifest) -> Path:
    """Verify a checkpoint's files, except its tensors, which may be gigabytes, and return its folder."""
    for entry in manifest.entries:
        if not entry.path.endswith(TENSORS):
            manifest.file(entry.path)
    return manifest.path.parent / manifest.path.name.removesuffix(SUFFIX)
