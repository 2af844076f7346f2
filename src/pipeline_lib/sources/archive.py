"""Source `archive`: the files of zip and tar archives, from a URL or from this machine."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.core.settings import Settings as Part
from pipeline_lib.downloads.names import is_url
from pipeline_lib.sources.base import Failure, Place, SourceSettings

CHANGES = False


class Archive(Part):
    """One archive."""

    url: Place = Field(description="its URL, or its path on this machine: zip, or tar plain, gz, bz2 or xz")
    sha256: str | None = Field(default=None, description="its digest; null: pinned as it is when first fetched")
    below: str = Field(default="", description="the folder in it to take, which is dropped from the names")


class Settings(Archive, SourceSettings):
    """Which archives to take apart."""

    kind: Literal["archive"]
    also: list[Archive] = Field(default=[], description="further archives of the same files' tree")

    def archives(self) -> list[Archive]:
        """Return all archives."""
        return [self, *self.also]

    def pins(self, shards: int) -> dict[str, str | None]:
        """Return the URLs with their digests."""
        return {archive.url: archive.sha256 for archive in self.archives()}

    def local_places(self) -> list[str]:
        """Return those that are no URLs."""
        return [archive.url for archive in self.archives() if not is_url(archive.url)]


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the names in all archives."""
    from pipeline_lib.downloads.archives import list_archive
    from pipeline_lib.downloads.store import Store

    with Store() as store:
        found = [(store.pinned(part.url, part.sha256), part.below) for part in settings.archives()]
    return [name for path, below in found for name in list_archive(path, below)]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Write the named files below `folder`."""
    from pipeline_lib.downloads.archives import extract
    from pipeline_lib.downloads.store import Store

    with Store() as store:
        for part in settings.archives():
            extract(store.pinned(part.url, part.sha256), part.below, set(names), folder)
    return []
