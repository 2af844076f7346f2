"""Source `google_drive`: a Google Drive file that anyone with the link may read, as it is or as an archive."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.sources.base import Archived, Failure, Location, SourceSettings

CHANGES = False


class Settings(SourceSettings):
    """Which file to take."""

    kind: Literal["google_drive"]
    id: str = Field(pattern=r"^[A-Za-z0-9_-]+$", description="the file's id, as in its link")
    sha256: str | None = Field(
        default=None, description="its expected digest; null: the digest of the first fetch is pinned"
    )
    name: str | None = Field(default=None, description="its path in the dataset; null: it is an archive to extract")
    below: str = Field(default="", description="the folder of the archive to take; it is removed from the names")
    endpoint: Location = Field(default="https://drive.google.com", description="the URL of Google Drive")

    def pins(self, shards: int) -> dict[str, str | None]:
        """Return the file with its digest."""
        return {f"drive:{self.id}": self.sha256}


def archives(settings: Settings) -> list[Archived]:
    """Return the file, unless it is one to take as it is."""
    from pipeline_lib.downloads.split import SplitFile

    return [] if settings.name is not None else [Archived(SplitFile.of(_download(settings)), settings.below)]


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the name of a file to take as it is."""
    from pipeline_lib.downloads.names import safe_name

    assert settings.name is not None  # else it is an archive
    return [safe_name(settings.name, "source.name")]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Put the file below `folder`."""
    from pipeline_lib.downloads.store import put

    for name in names:
        put(_download(settings), folder / name)
    return []


def _download(settings: Settings) -> Path:
    from pipeline_lib.downloads.drive import DriveFile
    from pipeline_lib.downloads.store import Store

    with Store() as store:
        return store.pinned_download(DriveFile(settings.id, settings.endpoint), settings.sha256)
