"""What differs between two artefacts of a kind: rows of subsets and tables, raw files."""

from pathlib import Path
from typing import Any, Callable, Iterable

from pyarrow import parquet

from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import canonical_json
from pipeline_lib.job.manifest import SUFFIX, read_entries

SOME = 3  # names in a line
Keys = dict[Any, str]  # what identifies an item, with its name

EMPTY: list[tuple[str, str]] = []


def content_changes(stage: str, first: Path, second: Path) -> list[tuple[str, str]]:
    """Return kind and text of what differs between two outputs of a stage; empty where a file is not here."""
    read = READERS.get(stage)
    if read is None:
        return EMPTY
    kind, keys = read
    try:
        one, other = keys(first), keys(second)
    except (OSError, PipelineError):  # removed on purpose, or never pulled
        return EMPTY
    removed, added = _less(one, other), _less(other, one)
    both = {*removed} & {*added}
    kinds = {
        "changed": [name for name in removed if name in both],
        "removed": [name for name in removed if name not in both],
        "added": [name for name in added if name not in both],
    }
    return [(kind, f"{len(names)} {kind} {how}: {_some(names)}") for how, names in kinds.items() if names]


def _less(here: Keys, there: Keys) -> list[str]:
    return [name for key, name in here.items() if key not in there]


def _some(names: list[str]) -> str:
    return ", ".join(names[:SOME]) + (", …" if len(names) > SOME else "")


def _beside(manifest: Path) -> Path:
    return manifest.parent / f"{manifest.name.removesuffix(SUFFIX)}.parquet"


def _subset_rows(manifest: Path) -> Keys:
    columns = parquet.read_table(_beside(manifest), columns=["row", "id", "row_sha256"]).to_pydict()
    named = zip(columns["row"], columns["row_sha256"], columns["id"], strict=True)
    return {(row, digest): name for row, digest, name in named}


def _table_rows(manifest: Path) -> Keys:
    rows: Iterable[dict[str, Any]] = parquet.read_table(_beside(manifest)).to_pylist()
    return {digest_text(canonical_json(row)): str(row["id"]) for row in rows}


def _raw_files(manifest: Path) -> Keys:
    return {(entry.path, entry.sha256): entry.path for entry in read_entries(manifest)}


READERS: dict[str, tuple[str, Callable[[Path], Keys]]] = {
    "sample": ("rows", _subset_rows),
    "sample_embedded": ("rows", _subset_rows),
    "tabulate": ("rows", _table_rows),
    "fetch": ("files", _raw_files),
}
