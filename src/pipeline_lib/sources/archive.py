"""Source `archive`: the files in zip and tar archives, from URLs or from this machine."""

from typing import Literal

from pydantic import Field

from pipeline_lib.core.settings import Settings as Part
from pipeline_lib.downloads.names import is_url
from pipeline_lib.sources.base import Archived, Location, SourceSettings

CHANGES = False


class Archive(Part):
    """One archive."""

    url: Location = Field(description="its URL, or its path on this machine: zip, or tar (plain, gz, bz2 or xz)")
    sha256: str | None = Field(
        default=None, description="its expected digest; null: the digest of the first fetch is pinned"
    )
    below: str = Field(default="", description="the folder of the archive to take; it is removed from the names")


class Settings(Archive, SourceSettings):
    """Which archives to extract."""

    kind: Literal["archive"]
    also: list[Archive] = Field(default=[], description="further archives, extracted into the same tree")

    def archives(self) -> list[Archive]:
        """Return all archives."""
        return [self, *self.also]

    def pins(self, shards: int) -> dict[str, str | None]:
        """Return the URLs with their digests."""
        return {archive.url: archive.sha256 for archive in self.archives()}

    def local_places(self) -> list[str]:
        """Return the archives that are paths on this machine."""
        return [archive.url for archive in self.archives() if not is_url(archive.url)]


def archives(settings: Settings) -> list[Archived]:
    """Return all archives."""
    from pipeline_lib.downloads.split import SplitFile
    from pipeline_lib.downloads.store import Store

    with Store() as store:
        return [Archived(SplitFile.of(store.pinned(part.url, part.sha256)), part.below) for part in settings.archives()]
