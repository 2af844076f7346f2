"""Merges the indexes of a dataset's shards, sorted by path, a range of paths in memory at a time."""

import itertools
from collections import Counter
from pathlib import Path
from typing import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.parquet import batches, table_of
from pipeline_lib.images.index import IGNORED, SCHEMA, UNUSABLE, IndexRow, doubtful, health_of, quarantine

RANGE = 2**18  # rows in memory, about, and of a row group
SAMPLED = 64  # one path of so many decides where ranges end


class Merged:
    """What the index stage reports: files by status and reason, unusable files, and images that may show nothing."""

    def __init__(self) -> None:
        self.files = 0
        self.quarantine: list[dict[str, str]] = []
        self.doubtful: list[dict[str, str]] = []
        self._counts: Counter[tuple[str, str]] = Counter()

    @property
    def health(self) -> dict[str, int]:
        """Return how many files there are of each status and reason; see `index.health`."""
        return health_of(self._counts)

    def add(self, part: pa.Table) -> None:
        """Count the rows of a part of the index."""
        self.files += len(part)
        self._counts.update(zip(part["status"].to_pylist(), part["reason"].to_pylist(), strict=True))
        unusable = pc.is_in(part["status"], pa.array([*UNUSABLE, IGNORED]))
        rows = [IndexRow(**row) for row in part.filter(pc.or_(unusable, pc.not_equal(part["doubt"], ""))).to_pylist()]
        self.quarantine += quarantine(rows)
        self.doubtful += doubtful(rows)


def merge_indexes(shards: list[Path], failures: list[IndexRow], prefix: str, path: Path) -> Merged:
    """Write the rows of all shards sorted by path, with the prefix added; a repeated path raises PipelineError."""
    merged = Merged()
    pending = SCHEMA.empty_table()
    with pq.ParquetWriter(path, SCHEMA) as writer:
        for part in _in_order(shards, table_of(failures, SCHEMA), prefix):
            merged.add(part)
            pending = pa.concat_tables([pending, part])
            while len(pending) >= RANGE:
                writer.write_table(pending[:RANGE].combine_chunks(), row_group_size=RANGE)
                pending = pending[RANGE:]
        if len(pending) or not merged.files:
            writer.write_table(pending.combine_chunks())
    return merged


def _in_order(shards: list[Path], failures: pa.Table, prefix: str) -> Iterator[pa.Table]:
    ends = [None, *_ends([*itertools.chain.from_iterable(map(_sampled, shards))]), None]
    for low, high in itertools.pairwise(ends):
        inside = [_between(part, low, high) for shard in shards for part in batches(shard)]
        table = pa.concat_tables([_between(failures, low, high), *map(_as_table, inside)])
        table = table.take(pc.sort_indices(table["path"]))
        paths = table["path"].combine_chunks()
        repeated = paths[1:].filter(pc.equal(paths[1:], paths[:-1])) if len(paths) else paths
        if len(repeated):
            raise PipelineError("two images of one dataset have the same path", value=repeated[0].as_py())
        yield table.set_column(0, SCHEMA.field("path"), pc.binary_join_element_wise(prefix, table["path"], ""))


def _sampled(shard: Path) -> Iterator[str]:
    return (path for part in batches(shard, ["path"]) for path in part["path"][::SAMPLED].to_pylist())


def _ends(paths: Iterable[str]) -> list[str]:
    """Return the paths between ranges of about RANGE rows."""
    step = RANGE // SAMPLED
    return sorted(paths)[step::step]


def _between(part: pa.Table | pa.RecordBatch, low: str | None, high: str | None) -> pa.Table | pa.RecordBatch:
    if low is not None:
        part = part.filter(pc.greater_equal(part["path"], low))
    return part if high is None else part.filter(pc.less(part["path"], high))


def _as_table(batch: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches([batch])
