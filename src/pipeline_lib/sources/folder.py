"""Source `folder`: files that lie on this machine already; they are linked, not copied.

Files added or taken away are seen by their names, shard by shard. The manifest pins their bytes as they were: a file
edited in place is refused by the stage that reads it, and taken anew after `data/raw/DATASET/SHARD.manifest.json` is
deleted.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import LISTING, STAMP
from pipeline_lib.core.site import locate
from pipeline_lib.sources.base import Failure, SourceSettings

CHANGES = True


class Settings(SourceSettings):
    """Which folder to take."""

    kind: Literal["folder"]
    path: str = Field(description="the folder: absolute, relative to the project, or `site:NAME/...` by site.yaml")


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the paths of all files below the folder, relative to it."""
    root = locate(settings.path)
    if not root.is_dir():
        raise PipelineError(
            "no such folder", where="source.path", value=str(root), cure="correct the path in the study or in site.yaml"
        )
    found = ((Path(folder), name) for folder, _, names in os.walk(root) for name in names)
    return [(folder / name).relative_to(root).as_posix() for folder, name in found if name not in (STAMP, LISTING)]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Link the named files below `folder`; the manifest pins their bytes as they are now."""
    root = locate(settings.path).absolute()
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(root / name)
    return []
