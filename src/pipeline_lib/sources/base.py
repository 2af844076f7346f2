"""What every source offers to the fetch stage.

A source module has `LIBRARIES` (those its bytes depend on), `CHANGES` (whether its files can change under the same
settings), `Settings`, `list_names(settings, seed)` and `fetch(settings, seed, names, folder)`.
"""

import hashlib
from pathlib import Path
from typing import Protocol

from pydantic import Field

from pipeline_lib.core.settings import Settings


class SourceSettings(Settings):
    """Settings of a source; `kind` names its module."""

    kind: str = Field(description="the kind of source: a module in pipeline_lib/sources")


class Source(Protocol):
    """The members of a source module."""

    CHANGES: bool

    def list_names(self, settings: SourceSettings, seed: int) -> list[str]:
        """Return the names of all files of the source, as POSIX paths."""

    def fetch(self, settings: SourceSettings, seed: int, names: list[str], folder: Path) -> None:
        """Put the named files below `folder`."""


def shard_of(name: str, shards: int) -> int:
    """Return the shard that a file belongs to: by the digest of its name, so that an insertion moves nothing."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % shards
