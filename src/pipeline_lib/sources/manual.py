"""Source `manual`: files behind a form or a licence, which a person puts into a folder; used there like `folder`."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.sources import folder as in_place
from pipeline_lib.sources.base import Failure, SourceSettings

CHANGES = True


class Settings(SourceSettings):
    """What a person has to get, and where to put it."""

    kind: Literal["manual"]
    page: str = Field(description="the page where the files can be asked for")
    licence: str = Field(description="the terms that they come under")
    path: str = Field(description="the folder to put them into, absolute or relative to the project")
    expect: list[str] | int = Field(description="the names that must be there, or how many files at least")


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the paths of all files below the folder; one that is not filled yet raises PipelineError."""
    found = in_place.list_names(_as_folder(settings), seed) if Path(settings.path).is_dir() else []
    if isinstance(settings.expect, int):
        lacks = f"{settings.expect} files" if len(found) < settings.expect else ""
    else:
        lacks = ", ".join(sorted(set(settings.expect) - set(found)))
    if lacks or not found:
        raise PipelineError(
            f"these files must be got by hand from {settings.page}",
            where=settings.path,
            value=f"{len(found)} files are there; missing: {lacks or 'all'}",
            cure=f"download them under their terms ({settings.licence}), put them into {settings.path} and run again",
        )
    return found


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Link the named files below `folder`; the manifest pins their bytes as they are now."""
    return in_place.fetch(_as_folder(settings), seed, names, folder)


def _as_folder(settings: Settings) -> in_place.Settings:
    return in_place.Settings(kind="folder", path=settings.path)
