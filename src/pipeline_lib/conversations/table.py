"""Conversation tables: Parquet files with one conversation per row.

The image columns are texts, as in LLaVA's JSON; in a table with a row that shows several images they are lists.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Iterable

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
IMAGE_COLUMNS = ("image", "image_sha256")
SEVERAL_IMAGES = pa.schema(
    [field.with_type(pa.list_(pa.string())) if field.name in IMAGE_COLUMNS else field for field in SCHEMA]
)


@dataclass(frozen=True)
class Conversation:
    """One row: its position in the source file (ids repeat in mix665k), its image or None, its turns.

    A row that shows several images has a list of them. `image_sha256` is the image's pin: its bytes' digest, followed
    by the pixel rule unless that is the original's.
    """

    row: int
    id: str
    image: str | list[str] | None
    image_sha256: str | list[str] | None
    conversations: list[dict[str, str]]

    @property
    def images(self) -> list[tuple[str, str]]:
        """Return path and pin of every image, in the order of their `<image>` in the turns."""
        return list(zip(_listed(self.image), _listed(self.image_sha256), strict=True))

    def digest(self) -> str:
        """Return the sha256 of all fields of the row."""
        return digest_text(canonical_json(asdict(self)))


def write_table(path: Path, rows: Iterable[Conversation]) -> None:
    """Write conversation rows in the given order."""
    rows = list(rows)
    if not any(isinstance(row.image, list) for row in rows):
        write_rows(path, rows, SCHEMA)
        return
    listed = (replace(row, image=_listed(row.image), image_sha256=_listed(row.image_sha256)) for row in rows)
    write_rows(path, listed, SEVERAL_IMAGES)


def read_table(path: Path, rows: set[int] | None = None) -> list[Conversation]:
    """Return all rows of a table, or those whose `row` is in `rows`."""
    return [_conversation(value) for value in read_rows(path) if rows is None or value["row"] in rows]


def _conversation(value: dict[str, Any]) -> Conversation:
    """Return a row with the same fields, and so the same digest, whatever images the other rows of its table show."""
    return Conversation(**{**value, **{name: _unlisted(value[name]) for name in IMAGE_COLUMNS}})


def _listed(value: str | list[str] | None) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else value


def _unlisted(value: str | list[str] | None) -> str | list[str] | None:
    if not isinstance(value, list) or len(value) > 1:
        return value
    return value[0] if value else None
