"""Source `manual`: files behind a form or a licence; the user puts them into a folder, used like `folder`."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.walk import Walk
from pipeline_lib.sources import folder as folder_source
from pipeline_lib.sources.base import Failure, Location, SourceSettings

CHANGES = True


class Settings(SourceSettings):
    """Which files the user has to download, and where to put them."""

    kind: Literal["manual"]
    page: Location = Field(description="the page where the files can be requested")
    licence: str = Field(description="the terms of their licence")
    path: str = Field(description="the folder to put them into, absolute or relative to the project")
    expect: list[str] | int = Field(description="the names of the expected files, or their minimum number")

    def local_places(self) -> list[str]:
        """Return the folder."""
        return [self.path]

    def tolerance(self) -> float:
        """Return 1, as for a folder."""
        return 1.0


def scan(settings: Settings) -> Walk:
    """Return the files below the folder; missing files raise PipelineError."""
    content = folder_source.scan(_as_folder(settings)) if Path(settings.path).is_dir() else Walk()
    count = len(content.files)
    if isinstance(settings.expect, int):
        lacks = f"{settings.expect} files" if count < settings.expect else ""
    else:
        lacks = ", ".join(sorted(set(settings.expect) - set(content.files)))
    if lacks or not count:
        raise PipelineError(
            f"these files must be downloaded by hand from {settings.page}",
            where=settings.path,
            value=f"{count} files exist; missing: {lacks or 'all'}",
            cure=f"download them under their terms ({settings.licence}), put them into {settings.path} and run again",
        )
    return content


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the paths of all files below the folder, unusable files included."""
    content = scan(settings)
    return [*content.files, *content.unusable]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Link the named files below `folder`; the manifest pins their bytes as they are now."""
    return folder_source.fetch(_as_folder(settings), seed, names, folder)


def _as_folder(settings: Settings) -> folder_source.Settings:
    return folder_source.Settings(kind="folder", path=settings.path)
