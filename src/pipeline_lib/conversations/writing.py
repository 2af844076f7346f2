"""Writes a conversation table row by row, and the pins of its rows beside it."""

import hashlib
from pathlib import Path
from typing import Any, Self

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_lib.conversations import subset
from pipeline_lib.conversations.table import IMAGE_COLUMNS, SCHEMA, SEVERAL_IMAGES, Conversation, listed
from pipeline_lib.core.files import partial
from pipeline_lib.core.parquet import GROUP, batches

TURNS = SCHEMA.field("conversations").type
AT_ONCE = 4096  # rows in memory as objects; a group of them is in memory as Arrow's columns


class TableWriter:
    """Writes rows in the order of `append`; GROUP rows are in memory. On leaving, both files are complete.

    `pins` has the form of a subset of all rows. The image columns are texts until a row shows several images: then what
    is written is written again with lists.
    """

    def __init__(self, path: Path, pins: Path) -> None:
        self._path = path
        self._schema = SCHEMA
        self._writer = pq.ParquetWriter(path, SCHEMA)
        self._pins = pq.ParquetWriter(pins, subset.SCHEMA)
        self._rows: list[Conversation] = []
        self._group: list[tuple[pa.Table, pa.Table]] = []  # the next group's rows and pins
        self._grouped = self._written = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._gather()
        if self._grouped or not self._written:
            self._flush()
        self._writer.close()
        self._pins.close()

    def __len__(self) -> int:
        return self._written + self._grouped + len(self._rows)

    def append(self, row: Conversation) -> None:
        """Add a row."""
        self._rows.append(row)
        if len(self._rows) == AT_ONCE:
            self._gather()
        if self._grouped == GROUP:
            self._flush()

    def _gather(self) -> None:
        """Turn the rows in memory into columns of the next group."""
        if self._schema is SCHEMA and any(isinstance(row.image, list) for row in self._rows):
            self._write_again_with_lists()
        self._group.append((_columns(self._rows, self._schema), _pins(self._rows)))
        self._grouped += len(self._rows)
        self._rows.clear()

    def _flush(self) -> None:
        rows, pins = (pa.concat_tables(parts).combine_chunks() for parts in zip(*self._group, strict=True))
        self._writer.write_table(rows)
        self._pins.write_table(pins)
        self._written += self._grouped
        self._grouped = 0
        self._group.clear()

    def _write_again_with_lists(self) -> None:
        self._writer.close()
        before = partial(self._path)
        self._path.replace(before)
        self._schema = SEVERAL_IMAGES
        self._writer = pq.ParquetWriter(self._path, SEVERAL_IMAGES)
        if self._written:
            for batch in batches(before):
                self._writer.write_table(_with_lists(pa.Table.from_batches([batch])))
        before.unlink()
        self._group = [(_with_lists(rows), pins) for rows, pins in self._group]


def _columns(rows: list[Conversation], schema: pa.Schema) -> pa.Table:
    turns = [turn for row in rows for turn in row.conversations]
    offsets = [0]
    for row in rows:
        offsets.append(offsets[-1] + len(row.conversations))
    texts = [pa.array([turn[key] for turn in turns], pa.string()) for key in ("from", "value")]
    columns: dict[str, Any] = {
        "row": [row.row for row in rows],
        "id": [row.id for row in rows],
        "image": [row.image for row in rows],
        "image_sha256": [row.image_sha256 for row in rows],
    }
    if schema is SEVERAL_IMAGES:
        columns |= {name: [listed(value) for value in columns[name]] for name in IMAGE_COLUMNS}
    arrays = [pa.array(values, schema.field(name).type) for name, values in columns.items()]
    lists = pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.StructArray.from_arrays(texts, fields=list(TURNS.value_type)), type=TURNS
    )
    return pa.Table.from_arrays([*arrays, lists], schema=schema)


def _pins(rows: list[Conversation]) -> pa.Table:
    """Return what `subset.pinned` says of every row."""
    columns = [
        [row.row for row in rows],
        [row.id for row in rows],
        [digest(row) for row in rows],
        [" ".join(listed(row.image_sha256)) or None for row in rows],
    ]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, subset.SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=subset.SCHEMA)


def digest(row: Conversation) -> str:
    """Return `Conversation.digest`, in a third of the time: orjson writes the same text as `canonical_json`."""
    fields = {"conversations": row.conversations, "id": row.id, "row": row.row}
    images = {"image": row.image, "image_sha256": row.image_sha256}
    return hashlib.sha256(orjson.dumps({**fields, **images}, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _with_lists(table: pa.Table) -> pa.Table:
    """Return a table with lists of none or one in its image columns."""
    for name in IMAGE_COLUMNS:
        position = table.schema.get_field_index(name)
        values = pa.array([listed(value) for value in table[name].to_pylist()], SEVERAL_IMAGES.field(name).type)
        table = table.set_column(position, SEVERAL_IMAGES.field(name), values)
    return table
