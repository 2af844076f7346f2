"""Source `file`: single files, each from a URL or from this machine."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.settings import Settings as Part
from pipeline_lib.downloads.names import is_url
from pipeline_lib.sources.base import Failure, Location, SourceSettings

CHANGES = False


class File(Part):
    """One file."""

    url: Location = Field(description="its URL, or its path on this machine")
    sha256: str | None = Field(
        default=None, description="its expected digest; null: the digest of the first fetch is pinned"
    )
    name: str | None = Field(default=None, description="its path in the dataset; null: the last part of the URL")


class Settings(File, SourceSettings):
    """Which files to take."""

    kind: Literal["file"]
    also: list[File] = Field(default=[], description="further files")

    def files(self) -> list[File]:
        """Return all files."""
        return [self, *self.also]

    def pins(self, shards: int) -> dict[str, str | None]:
        """Return the URLs with their digests."""
        return {file.url: file.sha256 for file in self.files()}

    def local_places(self) -> list[str]:
        """Return the files that are paths on this machine."""
        return [file.url for file in self.files() if not is_url(file.url)]


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the names of the files."""
    return [_name(file) for file in settings.files()]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Put the named files below `folder`."""
    from pipeline_lib.downloads.store import Store, put

    wanted = set(names)
    with Store() as store:
        for file in settings.files():
            if _name(file) in wanted:
                put(store.pinned(file.url, file.sha256), folder / _name(file))
    return []


def _name(file: File) -> str:
    from pipeline_lib.downloads.names import name_in_url, safe_name

    name = file.name or name_in_url(file.url)
    if not name:
        raise PipelineError("this URL has no file name", where="source.url", value=file.url, cure="set `name`")
    return safe_name(name, file.url)
