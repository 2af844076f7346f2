"""Source `google_drive`: a Google Drive file that anyone with the link may read, as it is or as an archive."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.sources.base import Failure, Location, SourceSettings

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


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the name of the file, or those in the archive."""
    from pipeline_lib.downloads.archives import list_archive
    from pipeline_lib.downloads.names import safe_name

    if settings.name is not None:
        return [safe_name(settings.name, "source.name")]
    return list_archive(_download(settings), settings.below)


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Put the named files below `folder`."""
    from pipeline_lib.downloads.archives import extract
    from pipeline_lib.downloads.store import put

    if settings.name is None:
        extract(_download(settings), settings.below, set(names), folder)
    for name in names if settings.name is not None else []:
        put(_download(settings), folder / name)
    return []


def _download(settings: Settings) -> Path:
    from pipeline_lib.downloads.drive import DriveFile
    from pipeline_lib.downloads.store import Store

    with Store() as store:
        return store.pinned_download(DriveFile(settings.id, settings.endpoint), settings.sha256)
