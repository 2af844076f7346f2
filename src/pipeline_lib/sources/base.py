"""The interface of source modules, which the fetch stage uses.

A source module has `CHANGES`, `Settings`, `list_names(settings, seed)` and `fetch(settings, seed, names, folder)`.
`CHANGES` is true if the names can change under the same settings: then they are listed whenever the workflow is
planned, otherwise once by the jobs. A module with `CHANGES` may also have `scan(settings)`, which returns the files
with their sizes and times (`core.walk.Walk`).

A module whose files are in archives has `archives(settings)` instead of `list_names` and `fetch`: the archives are
then read once for all shards.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import AfterValidator, Field

from pipeline_lib.core.settings import Settings
from pipeline_lib.core.urls import is_readable, secret_in
from pipeline_lib.downloads.split import SplitFile
from pipeline_lib.machine.site import locate


def without_secret(location: str) -> str:
    """Return a location that records may contain; an invalid URL, or one with a secret, raises ValueError."""
    if not is_readable(location):
        raise ValueError("this is not a URL: its host contains a bracket")
    secret = secret_in(location)
    if secret:
        raise ValueError(
            f"{secret} in a URL would be written into every record: download the file yourself and use the source "
            "`manual`; for the hub, log in with `hf auth login` or set HF_TOKEN"
        )
    return location


Location = Annotated[str, AfterValidator(without_secret)]  # a URL, or a path on this machine


class SourceSettings(Settings):
    """Settings of a source; `kind` names its module."""

    kind: str = Field(description="the kind of source: a module in pipeline_lib/sources")

    def pins(self, shards: int) -> dict[str, str | None]:
        """Return the names in `studies/pins.lock` on which the files depend, with the digests that the study sets.

        None means that the study sets no digest: the first fetch pins it. A source that downloads nothing has no pins.
        """
        return {}

    def local_places(self) -> list[str]:
        """Return the files and folders of this machine, as the study names them."""
        return []

    def local_paths(self) -> list[Path]:
        """Return their absolute paths, which planning checks for changes; an unknown site path raises PipelineError."""
        return [locate(path).absolute() for path in self.local_places()]

    def tolerance(self) -> float:
        """Return the largest share of a shard's files that may be unusable."""
        return 0.0


@dataclass(frozen=True)
class Failure:
    """A file of a source that could not be fetched."""

    name: str
    url: str
    reason: str


@dataclass(frozen=True)
class Archived:
    """An archive, whole or in parts, and the folder of it to take, which names leave out."""

    file: SplitFile
    below: str


class Source(Protocol):
    """The members of a source module."""

    CHANGES: bool

    def list_names(self, settings: SourceSettings, seed: int) -> list[str]:
        """Return the names of all files of the source, as POSIX paths."""

    def fetch(self, settings: SourceSettings, seed: int, names: list[str], folder: Path) -> list[Failure]:
        """Put the named files below `folder`, and return those that could not be fetched."""


class ArchiveSource(Protocol):
    """The members of a source module whose files are in archives."""

    CHANGES: bool

    def archives(self, settings: SourceSettings) -> list[Archived]:
        """Return the archives, after downloading them if need be; none if these settings name no archive."""


def shard_pin(name: str, shard: int, shards: int) -> str:
    """Return the name of the pin of one shard's files, for a source whose files have no other pin."""
    return f"{name}#{shard:03d}/{shards}"


def shard_of(name: str, shards: int) -> int:
    """Return the shard of a file, by the digest of its name, so that a new file moves no other file."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % shards
