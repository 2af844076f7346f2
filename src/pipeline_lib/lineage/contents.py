"""What differs between two artefacts of a kind: rows of subsets and tables, raw files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import pyarrow as pa
from pyarrow import compute

from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.parquet import batches, read_rows
from pipeline_lib.core.text import canonical_json
from pipeline_lib.job.manifest import SUFFIX, read_entries

SOME = 3  # names in a line
PINS = {"row": pa.int64(), "row_sha256": pa.string(), "id": pa.string()}  # a row's position, digest and id


@dataclass(frozen=True)
class Items:
    """What an artefact has, as columns of equal length: where each item is, the digest of its content, and its name."""

    positions: pa.Array
    digests: pa.Array
    names: pa.Array

    def outside(self, other: "Items") -> list[str]:
        """Return the names of the items at positions that another artefact does not have."""
        known = compute.is_in(self.positions, value_set=other.positions)
        names: list[str] = self.names.filter(compute.invert(known)).to_pylist()
        return names

    def changed(self, other: "Items") -> list[str]:
        """Return the names of the items at positions where another artefact has other content."""
        there = compute.index_in(self.positions, value_set=other.positions)
        different = compute.fill_null(compute.not_equal(self.digests, other.digests.take(there)), False)
        names: list[str] = self.names.filter(different).to_pylist()
        return names


def content_changes(stage: str, first: Path, second: Path) -> list[tuple[str, str]]:
    """Return kind and text of what differs between two outputs of a stage; empty where a file is not here."""
    read = READERS.get(stage)
    if read is None:
        return []
    kind, items = read
    try:
        one, other = items(first), items(second)
    except (OSError, PipelineError):  # removed on purpose, or never pulled
        return []
    kinds = {"changed": one.changed(other), "removed": one.outside(other), "added": other.outside(one)}
    return [(kind, f"{len(names):,} {kind} {how}: {_some(names)}") for how, names in kinds.items() if names]


def _some(names: list[str]) -> str:
    return ", ".join(names[:SOME]) + (", …" if len(names) > SOME else "")


def _beside(manifest: Path, suffix: str) -> Path:
    return manifest.parent / f"{manifest.name.removesuffix(SUFFIX)}{suffix}"


def _subset_rows(manifest: Path) -> Items:
    return _pins(_beside(manifest, ".parquet"))


def _table_rows(manifest: Path) -> Items:
    """Return the rows of a table by the pins beside it, which hold the same digests; an older table has none."""
    pins = _beside(manifest, ".pins.parquet")
    if pins.is_file():
        return _pins(pins)
    rows = read_rows(_beside(manifest, ".parquet"))
    return _items([(row["row"], digest_text(canonical_json(row)), str(row["id"])) for row in rows], pa.int64())


def _pins(path: Path) -> Items:
    parts = list(batches(path, tuple(PINS)))
    columns = (pa.chunked_array([part[name] for part in parts], kind) for name, kind in PINS.items())
    return Items(*(column.combine_chunks() for column in columns))  # look-ups in one piece are five times as fast


def _raw_files(manifest: Path) -> Items:
    return _items([(entry.path, entry.sha256, entry.path) for entry in read_entries(manifest)], pa.string())


def _items(rows: list[tuple[Any, str, str]], kind: pa.DataType) -> Items:
    positions, digests, names = ([row[column] for row in rows] for column in range(3))
    return Items(pa.array(positions, kind), pa.array(digests, pa.string()), pa.array(names, pa.string()))


READERS: dict[str, tuple[str, Callable[[Path], Items]]] = {
    "sample": ("rows", _subset_rows),
    "sample_embedded": ("rows", _subset_rows),
    "tabulate": ("rows", _table_rows),
    "fetch": ("files", _raw_files),
}
