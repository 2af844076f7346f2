"""The settings of this machine in `site.yaml`, which is not in git: paths of data folders, limits, reports.

A study writes `site:NAME` or `site:NAME/a/folder`. Code calls `locate` only when it opens the files, so that the
absolute path is in no settings, manifest or digest: machines with different data folders get equal ones.
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
    """Limits of downloads on this machine; no byte depends on them."""

    slowest: float = Field(default=1000, ge=0, description="bytes per second; aborted if slower for a minute")
    hours: float = Field(default=168, gt=0, description="most hours for one file")
    gigabytes: float = Field(default=1000, gt=0, description="largest size of one file")
    connections: int = Field(default=8, ge=1, le=256, description="requests to one host at once, by all jobs together")


class Site(Settings):
    """The content of site.yaml."""

    paths: dict[str, Annotated[str, AfterValidator(_absolute)]] = Field(
        default={}, description="absolute paths by name"
    )
    downloads: Downloads = Field(default=Downloads(), description="limits of downloads")
    warm_start: bool = Field(
        default=True, description="model jobs on this machine share a process with loaded libraries"
    )
    report_to: list[str] = Field(
        default=[], description="programs that trainings report to: tensorboard, wandb, or others of transformers"
    )


def locate(path: str, file: Path = FILE) -> Path:
    """Return a study's path on this machine; raise PipelineError if site.yaml does not have its name."""
    if not path.startswith(PREFIX):
        return Path(path)
    name, _, inside = path.removeprefix(PREFIX).partition("/")
    known = _read(file).paths if file.is_file() else {}
    if name not in known:
        raise PipelineError(
            f"{file} names no path {name!r}; " + (suggest(name, known) if file.is_file() else "there is no such file"),
            where=file,
            value=path,
            cure=f"add under `paths:` a line such as `  {name}: /path/to/the/folder` (see site.example.yaml)",
        )
    return Path(known[name]) / inside


def download_limits(file: Path = FILE) -> Downloads:
    """Return the limits of downloads on this machine."""
    return _read(file).downloads if file.is_file() else Downloads()


def starts_warm(file: Path = FILE) -> bool:
    """Return whether model jobs on this machine may share a process with loaded libraries."""
    return _read(file).warm_start if file.is_file() else True


def reporters(file: Path = FILE) -> list[str]:
    """Return the programs that trainings on this machine report to."""
    return _read(file).report_to if file.is_file() else []


def _read(file: Path) -> Site:
    content = read_yaml(file, YAML())
    return settings_in(content, Site, file, "a list of site paths", "write it like site.example.yaml")
