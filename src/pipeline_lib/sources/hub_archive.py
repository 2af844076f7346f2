"""Source `hub_archive`: the files in one archive of a Hugging Face repository, whole or in parts."""

from typing import Literal

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.downloads.split import SplitFile, parts_of_one_file
from pipeline_lib.sources import hub
from pipeline_lib.sources.base import Archived

CHANGES = False


class Settings(hub.RepositorySettings):
    """Which archive of which repository."""

    kind: Literal["hub_archive"]
    archive: str = Field(
        description="its name: zip, or tar (plain, gz, bz2 or xz); or a pattern of the names of its parts, "
        "image.zip.part-*: one file in the order of their names"
    )
    below: str = Field(default="", description="the folder of the archive to take; it is removed from the names")


def archives(settings: Settings) -> list[Archived]:
    """Return the archive."""
    return [Archived(_archive(settings), settings.below)]


def _archive(settings: Settings) -> SplitFile:
    repository = hub.open_repository(settings)
    where = f"{settings.repository}@{repository.commit}"
    names = repository.files([settings.archive])
    if not names:
        raise PipelineError(
            "the repository has no such file", where=where, value=settings.archive, cure="correct `archive`"
        )
    return SplitFile(tuple(repository.cached(parts_of_one_file(names, where))))
