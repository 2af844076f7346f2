"""Which file of a dataset is in which shard, and which shards exist."""

from dataclasses import dataclass
from pathlib import Path

from pipeline_lib.core.files import partial
from pipeline_lib.fetching.listing import shard_name
from pipeline_lib.sources.base import shard_of

TABLE = ".tsv"  # the suffix of a file that may hold images in its rows


@dataclass(frozen=True)
class Shards:
    """The shards of a dataset: how many, the images in them if not all, and the folder of the raw files."""

    count: int
    chosen: set[str] | None
    raw: Path

    def of(self, name: str) -> str | None:
        """Return the name of a file's shard, None for a file that the study does not use."""
        used = self.chosen is None or name in self.chosen or name.lower().endswith(TABLE)
        return shard_name(shard_of(name, self.count)) if used else None

    def exists(self, shard: str) -> bool:
        """Return whether the raw files of a shard exist, complete or in the hands of a job."""
        folder = self.raw / shard
        return folder.exists() or partial(folder).exists()
