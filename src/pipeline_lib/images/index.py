"""The image index: a Parquet table with the location and the properties of every image."""

import itertools
from collections import Counter
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Iterable, Mapping

import pyarrow as pa

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.parquet import read_rows, write_rows
from pipeline_lib.core.settings import Settings
from pipeline_lib.images.pixels import ANY


class IndexSettings(Settings):
    """The prefix of a dataset's image paths."""

    prefix: str = ""


@dataclass(frozen=True)
class IndexRow:
    """One image: `member` of the folder `container`, or of an archive in which its bytes begin at `offset`."""

    path: str  # as tables and questions name it
    status: str  # kept, unpacked (from a table, as it was), converted, quarantined, missing, ignored
    reason: str
    container: str
    member: str
    offset: int
    size: int
    width: int
    height: int
    frames: int
    source_sha256: str
    sha256: str
    pixels: str = ANY  # the rule that turns the bytes into RGB; `any` if all rules agree
    doubt: str = ""  # why a usable image may show nothing

    @property
    def pin(self) -> str:
        """Return what a model's input depends on: the digest of the bytes, and the rule if it is not the original's."""
        return pin(self.sha256, self.pixels)


def pin(sha256: str, pixels: str) -> str:
    """Return the pin of bytes with this digest under a pixel rule."""
    return sha256 if pixels in (ANY, "llava") else f"{sha256}:{pixels}"


UNUSABLE = {"quarantined": "image quarantined", "missing": "image could not be fetched"}  # status, and its message

IGNORED = "ignored"  # the status of a file that is no image; two datasets may have such files of the same name

SCHEMA = pa.schema([(field.name, pa.string() if field.type is str else pa.int64()) for field in fields(IndexRow)])


def write_index(path: Path, rows: Iterable[IndexRow]) -> None:
    """Write index rows in the given order."""
    write_rows(path, rows, SCHEMA)


def read_index(path: Path) -> list[IndexRow]:
    """Return the rows of an index."""
    return [IndexRow(**row) for row in read_rows(path)]


def merge(shards: list[list[IndexRow]], prefix: str) -> list[IndexRow]:
    """Return the rows of all shards sorted by path, with the prefix added; a duplicate path raises PipelineError."""
    rows = sorted((row for shard in shards for row in shard), key=lambda row: row.path)
    for first, second in itertools.pairwise(rows):
        if first.path == second.path:
            raise PipelineError("two images of one dataset have the same path", value=first.path)
    return [replace(row, path=prefix + row.path) for row in rows]


def missing(failures: Iterable[dict[str, Any]]) -> list[IndexRow]:
    """Return a row for every image that could not be fetched, from the list that the fetch stage writes."""
    return [
        IndexRow(str(row["name"]), "missing", str(row["reason"]), "", "", 0, 0, 0, 0, 0, "", "") for row in failures
    ]


def quarantine(rows: list[IndexRow]) -> list[dict[str, str]]:
    """Return path, status, reason and digest of every file that no stage may use; a missing one has no digest."""
    return [
        {"path": row.path, "status": row.status, "reason": row.reason, "sha256": row.source_sha256}
        for row in rows
        if row.status in (*UNUSABLE, IGNORED)
    ]


def doubtful(rows: list[IndexRow]) -> list[dict[str, str]]:
    """Return path, status and doubt of every usable image that may show nothing."""
    return [{"path": row.path, "status": row.status, "doubt": row.doubt} for row in rows if row.doubt]


def health(rows: list[IndexRow]) -> dict[str, int]:
    """Return how many files there are of each status and reason, most frequent first, details removed."""
    return health_of(Counter((row.status, row.reason) for row in rows))


def health_of(files: Mapping[tuple[str, str], int]) -> dict[str, int]:
    """Return `health` of so many files of each status and reason."""
    counts: dict[str, int] = {}
    for (status, reason), count in files.items():
        key = f"{status}: {reason.partition(' (')[0]}"
        counts[key] = counts.get(key, 0) + count
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
