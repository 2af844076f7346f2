"""Source `folder`: files that lie on this machine already; they are linked, not copied."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import LISTING, STAMP
from pipeline_lib.sources.base import Failure, SourceSettings

LIBRARIES: tuple[str, ...] = ()
CHANGES = True


class Settings(SourceSettings):
    """Which folder to take."""

    kind: Literal["folder"]
    path: str = Field(description="the folder, absolute or relative to the project")


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the paths of all files below the folder, relative to it."""
    root = Path(settings.path)
    if not root.is_dir():
        raise PipelineError(
            "no such folder", where="source.path", value=settings.path, cure="correct the path in the study"
        )
    found = ((Path(folder), name) for folder, _, names in os.walk(root) for name in names)
    return [(folder / name).relative_to(root).as_posix() for folder, name in found if name not in (STAMP, LISTING)]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Link the named files below `folder`; the manifest pins their bytes as they are now."""
    root = Path(settings.path).absolute()
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(root / name)
    return []
