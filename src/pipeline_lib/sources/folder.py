"""Source `folder`: links to the files of a folder on this machine, no copies.

Planning always checks names, sizes and times: an added, removed or edited file makes its shard stale. Unusable
files (a dangling link, a name that is not UTF-8, …) are in the shard's list of failures.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.walk import Walk, walk
from pipeline_lib.machine.site import locate
from pipeline_lib.sources.base import Failure, SourceSettings

CHANGES = True


class Settings(SourceSettings):
    """Which folder to take."""

    kind: Literal["folder"]
    path: str = Field(description="the folder: absolute, relative to the project, or `site:NAME/...` from site.yaml")

    def local_places(self) -> list[str]:
        """Return the folder."""
        return [self.path]

    def tolerance(self) -> float:
        """Return 1: rows about unusable files are rejected one by one."""
        return 1.0


def scan(settings: Settings) -> Walk:
    """Return the files below the folder; a missing folder raises PipelineError."""
    root = locate(settings.path)
    if not root.is_dir():
        raise PipelineError(
            "no such folder", where="source.path", value=str(root), cure="correct the path in the study or in site.yaml"
        )
    return walk(root)


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the paths of all files below the folder, relative to it, unusable files included."""
    content = scan(settings)
    return [*content.files, *content.unusable]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Link the named files below `folder`, and return the unusable ones; the manifest pins their bytes."""
    root = locate(settings.path).absolute()
    unusable = scan(settings).unusable
    failures = []
    for name in names:
        if name in unusable:
            failures.append(Failure(name, str(root / name), unusable[name]))
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(root / name)
    return failures
