"""What every source offers to the fetch stage.

A source module has `CHANGES` (whether its names are asked for whenever the workflow is planned, since they can change
under the same settings; what downloads is asked once, by its jobs), `Settings`, `list_names(settings, seed)` and
`fetch(settings, seed, names, folder)`; where `CHANGES` holds, maybe `scan(settings)`, which returns the files with
their sizes and times (`core.walk.Walk`).
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import AfterValidator, Field

from pipeline_lib.core.settings import Settings
from pipeline_lib.core.urls import is_readable, secret_in
from pipeline_lib.machine.site import locate


def without_secret(place: str) -> str:
    """Return a place that may be written down; a URL that cannot be one, or has a secret in it, raises ValueError."""
    if not is_readable(place):
        raise ValueError("this is not a URL: a bracket stands in its host")
    secret = secret_in(place)
    if secret:
        raise ValueError(
            f"{secret} in a URL would stand in every record: download the file yourself and use the source `manual`; "
            "for the hub, log in with `hf auth login` or set HF_TOKEN"
        )
    return place


Place = Annotated[str, AfterValidator(without_secret)]  # a URL, or a path on this machine


class SourceSettings(Settings):
    """Settings of a source; `kind` names its module."""

    kind: str = Field(description="the kind of source: a module in pipeline_lib/sources")

    def pins(self, shards: int) -> dict[str, str | None]:
        """Return what must be pinned for equal files everywhere: names in `studies/pins.lock`, and what the study pins.

        None stands for what the study leaves open: the first fetch pins it. A source that downloads nothing has none.
        """
        return {}

    def local_places(self) -> list[str]:
        """Return the files and folders of this machine that it names, as the study has them."""
        return []

    def local_paths(self) -> list[Path]:
        """Return where they lie; planning looks whether they changed. A site that is not named raises PipelineError."""
        return [locate(place).absolute() for place in self.local_places()]

    def tolerance(self) -> float:
        """Return the largest share of a shard's files that may be unusable."""
        return 0.0


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
