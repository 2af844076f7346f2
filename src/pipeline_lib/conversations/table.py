"""Conversation tables: Parquet files with one conversation per row.

The image columns are texts, as in LLaVA's JSON; in a table with a row that shows several images they are lists.
"""

from dataclasses import dataclass
from json.encoder import encode_basestring as quoted
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.compute import is_in

from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.parquet import batches

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
        return list(zip(listed(self.image), listed(self.image_sha256), strict=True))

    def digest(self) -> str:
        """Return the sha256 of all fields of the row.

        The text is `canonical_json` of them, put together here, which takes a third of the time.
        """
        turns = [f'{{"from":{quoted(turn["from"])},"value":{quoted(turn["value"])}}}' for turn in self.conversations]
        images = ",".join(f'"{name}":{_json(getattr(self, name))}' for name in IMAGE_COLUMNS)
        return digest_text(f'{{"conversations":[{",".join(turns)}],"id":{quoted(self.id)},{images},"row":{self.row}}}')


def read_table(path: Path, rows: set[int] | None = None) -> list[Conversation]:
    """Return all rows of a table, or those whose `row` is in `rows`."""
    wanted = None if rows is None else pa.array(sorted(rows), pa.int64())
    parts = (batch if wanted is None else batch.filter(is_in(batch["row"], wanted)) for batch in batches(path))
    return [_conversation(value) for part in parts for value in part.to_pylist()]


def _conversation(value: dict[str, Any]) -> Conversation:
    """Return a row with the same fields, and so the same digest, whatever images the other rows of its table show."""
    return Conversation(**{**value, **{name: _unlisted(value[name]) for name in IMAGE_COLUMNS}})


def listed(value: str | list[str] | None) -> list[str]:
    """Return the values of an image column in one row as a list."""
    return [] if value is None else [value] if isinstance(value, str) else value


def _json(value: str | list[str] | None) -> str:
    if value is None:
        return "null"
    return quoted(value) if isinstance(value, str) else f"[{','.join(map(quoted, value))}]"


def _unlisted(value: str | list[str] | None) -> str | list[str] | None:
    if not isinstance(value, list) or len(value) > 1:
        return value
    return value[0] if value else None
