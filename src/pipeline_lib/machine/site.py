"""What this machine says in `site.yaml`, which is not in git: folders that lie elsewhere, limits of downloads.

A study writes `site:NAME` or `site:NAME/a/folder`. Whoever reads the files asks `locate` where they read them, so that
the absolute path enters no settings, manifest or digest: machines that keep their data in different places agree.
"""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from ruamel.yaml import YAML

from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.core.settings import Settings
from pipeline_lib.core.yaml_file import read_yaml, settings_in

FILE = Path("site.yaml")
PREFIX = "site:"


def _absolute(path: str) -> str:
    if not Path(path).is_absolute():
        raise ValueError("a path of this machine begins with /")
    return path


class Downloads(Settings):
    """What a download may cost on this machine; no byte depends on it."""

    slowest: float = Field(default=1000, ge=0, description="bytes a second, below which for a minute it is given up")
    hours: float = Field(default=168, gt=0, description="hours that one file may take")
    gigabytes: float = Field(default=1000, gt=0, description="size of one file")


class Site(Settings):
    """The content of site.yaml."""

    paths: dict[str, Annotated[str, AfterValidator(_absolute)]] = Field(
        default={}, description="absolute paths by their names"
    )
    downloads: Downloads = Field(default=Downloads(), description="limits of what is downloaded")
    warm_start: bool = Field(
        default=True, description="model jobs on this machine share a process with loaded libraries"
    )


def locate(path: str, file: Path = FILE) -> Path:
    """Return where a path of a study lies on this machine; a name that site.yaml lacks raises PipelineError."""
    if not path.startswith(PREFIX):
        return Path(path)
    name, _, inside = path.removeprefix(PREFIX).partition("/")
    known = _read(file).paths if file.is_file() else {}
    if name not in known:
        raise PipelineError(
            f"{file} names no path {name!r}; " + (suggest(name, known) if file.is_file() else "there is no such file"),
            where=file,
            value=path,
            cure=f"add under `paths:` a line such as `  {name}: /where/it/lies` (see site.example.yaml)",
        )
    return Path(known[name]) / inside


def download_limits(file: Path = FILE) -> Downloads:
    """Return what a download may cost on this machine."""
    return _read(file).downloads if file.is_file() else Downloads()


def starts_warm(file: Path = FILE) -> bool:
    """Return whether model jobs on this machine may share a process with loaded libraries."""
    return _read(file).warm_start if file.is_file() else True


def _read(file: Path) -> Site:
    content = read_yaml(file, YAML())
    return settings_in(content, Site, file, "a list of site paths", "write it like site.example.yaml")
