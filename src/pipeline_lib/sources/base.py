"""What every source offers to the fetch stage.

A source module has `CHANGES` (whether its names are asked for whenever the workflow is planned, since they can change
under the same settings; what downloads is asked once, by its jobs), `Settings`, `list_names(settings, seed)` and
`fetch(settings, seed, names, folder)`.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from pipeline_lib.core.settings import Settings


def _without_secret(place: str) -> str:
    if "@" in urlsplit(place).netloc:
        raise ValueError("a user or password in a URL would stand in every record: download it and use `manual`")
    return place


Place = Annotated[str, AfterValidator(_without_secret)]  # a URL, or a path on this machine


class SourceSettings(Settings):
    """Settings of a source; `kind` names its module."""

    kind: str = Field(description="the kind of source: a module in pipeline_lib/sources")

    def pins(self, shards: int) -> dict[str, str | None]:
        """Return what must be pinned for equal files everywhere: names in `studies/pins.lock`, and what the study pins.

        None stands for what the study leaves open: the first fetch pins it. A source that downloads nothing has none.
        """
        return {}


@dataclass(frozen=True)
class Failure:
    """A file of a source that could not be had."""

    name: str
    url: str
    reason: str


class Source(Protocol):
    """The members of a source module."""

    CHANGES: bool

    def list_names(self, settings: SourceSettings, seed: int) -> list[str]:
        """Return the names of all files of the source, as POSIX paths."""

    def fetch(self, settings: SourceSettings, seed: int, names: list[str], folder: Path) -> list[Failure]:
        """Put the named files below `folder`, and return those that could not be had."""


def shard_pin(name: str, shard: int, shards: int) -> str:
    """Return the name of the pin of one shard's files, for a source whose files nobody else pins."""
    return f"{name}#{shard:03d}/{shards}"


def shard_of(name: str, shards: int) -> int:
    """Return the shard that a file belongs to: by the digest of its name, so that an insertion moves nothing."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % shards
