"""Source `manual`: files behind a form or a licence, which a person puts into a folder; used there like `folder`."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.walk import Walk
from pipeline_lib.sources import folder as in_place
from pipeline_lib.sources.base import Failure, Place, SourceSettings

CHANGES = True


class Settings(SourceSettings):
    """What a person has to get, and where to put it."""

    kind: Literal["manual"]
    page: Place = Field(description="the page where the files can be asked for")
    licence: str = Field(description="the terms that they come under")
    path: str = Field(description="the folder to put them into, absolute or relative to the project")
    expect: list[str] | int = Field(description="the names that must be there, or how many files at least")

    def local_places(self) -> list[str]:
        """Return the folder."""
        return [self.path]

    def tolerance(self) -> float:
        """Return 1, as for a folder."""
        return 1.0


def scan(settings: Settings) -> Walk:
    """Return what lies below the folder; one that is not filled yet raises PipelineError."""
    content = in_place.scan(_as_folder(settings)) if Path(settings.path).is_dir() else Walk()
    count = len(content.files)
    if isinstance(settings.expect, int):
        lacks = f"{settings.expect} files" if count < settings.expect else ""
    else:
        lacks = ", ".join(sorted(set(settings.expect) - set(content.files)))
    if lacks or not count:
        raise PipelineError(
            f"these files must be got by hand from {settings.page}",
            where=settings.path,
            value=f"{count} files are there; missing: {lacks or 'all'}",
            cure=f"download them under their terms ({settings.licence}), put them into {settings.path} and run again",
        )
    return content


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the paths of all that lies below the folder, unusable files included."""
    content = scan(settings)
    return [*content.files, *content.unusable]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Link the named files below `folder`; the manifest pins their bytes as they are now."""
    return in_place.fetch(_as_folder(settings), seed, names, folder)


def _as_folder(settings: Settings) -> in_place.Settings:
    return in_place.Settings(kind="folder", path=settings.path)
