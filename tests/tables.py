"""Writes small tables of conversations."""

from pathlib import Path
from typing import Iterable

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.conversations.writing import TableWriter


def write_table(path: Path, rows: Iterable[Conversation]) -> None:
    """Write a table, and the pins of its rows beside it as `.pins.parquet`."""
    with TableWriter(path, path.with_suffix(".pins.parquet")) as writer:
        for row in rows:
            writer.append(row)
