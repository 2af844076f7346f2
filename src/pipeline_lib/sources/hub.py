"""Source `hub`: files of a dataset or model repository of the Hugging Face Hub, at one commit."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pipeline_lib.sources.base import Failure, Location, SourceSettings

if TYPE_CHECKING:
    from pipeline_lib.downloads.hub import Repository

CHANGES = False
COMMIT = re.compile(r"[0-9a-f]{40}")


class RepositorySettings(SourceSettings):
    """A repository at a revision."""

    repository: str = Field(pattern=r"^[\w.-]+(/[\w.-]+)?$", description="owner/name")
    type: Literal["dataset", "model"] = Field(default="dataset", description="the kind of repository")
    revision: str = Field(description="a commit of 40 hexadecimal digits; a branch or tag is pinned when first fetched")
    endpoint: Location | None = Field(default=None, description="URL of a mirror, to which no token is sent")

    @property
    def pin(self) -> str:
        """Return the name under which the commit is pinned."""
        return f"hub:{self.type}/{self.repository}@{self.revision}"

    def pins(self, shards: int) -> dict[str, str | None]:
        """Return the revision's pin; the commit is known if the revision is one."""
        return {self.pin: self.revision if COMMIT.fullmatch(self.revision) else None}


class Settings(RepositorySettings):
    """Which files of which repository."""

    kind: Literal["hub"]
    files: list[str] = Field(default=["*"], description="patterns of the names to take; * matches slashes too")


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the names that match a pattern."""
    return list(open_repository(settings).files(settings.files))


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Put the named files below `folder`."""
    open_repository(settings).fetch(names, folder)
    return []


def open_repository(settings: RepositorySettings) -> "Repository":
    """Return the repository at its pinned commit; the first call pins it."""
    from pipeline_lib.downloads.hub import Repository
    from pipeline_lib.downloads.pins import Pins

    commit = settings.pins(1)[settings.pin]
    pin = Pins().get(settings.pin)
    repository = Repository.open(
        settings.repository, settings.type, commit or (pin["commit"] if pin else settings.revision), settings.endpoint
    )
    if commit is None:
        Pins().add(settings.pin, {"commit": repository.commit})
    return repository
