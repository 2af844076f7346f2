"""Conversation tables: Parquet files with one conversation per row."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Iterable

import pyarrow as pa

from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.parquet import read_rows, write_rows
from pipeline_lib.core.text import canonical_json

SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("id", pa.string()),
        ("image", pa.string()),
        ("image_sha256", pa.string()),
        ("conversations", pa.list_(pa.struct([("from", pa.string()), ("value", pa.string())]))),
    ]
)


@dataclass(frozen=True)
class Conversation:
    """One row: its position in the source file (ids repeat in mix665k), its image or None, its turns.

    `image_sha256` is the image's pin: its bytes' digest, followed by the pixel rule unless that is the original's.
    """

    row: int
    id: str
    image: str | None
    image_sha256: str | None
    conversations: list[dict[str, str]]

    @property
    def images(self) -> list[tuple[str, str]]:
        """Return path and pin of every image, in the order of their `<image>` in the turns; tables hold at most one."""
        return [] if self.image is None else [(self.image, str(self.image_sha256))]

    def digest(self) -> str:
        """Return the sha256 of all fields of the row."""
        return digest_text(canonical_json(asdict(self)))


def write_table(path: Path, rows: Iterable[Conversation]) -> None:
    """Write conversation rows in the given order."""
    write_rows(path, rows, SCHEMA)


def read_table(path: Path, rows: set[int] | None = None) -> list[Conversation]:
    """Return all rows of a table, or those whose `row` is in `rows`."""
    return [Conversation(**value) for value in read_rows(path) if rows is None or value["row"] in rows]
