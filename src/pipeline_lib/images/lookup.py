"""The rows of image indexes by path, memory-mapped: opening reads almost nothing, and processes share the pages.

The rows of a large index are copied once into an Arrow file below FOLDER, with the checksums of their paths in order:
the index itself, a compressed table, would have to be unpacked by every process. A small index is read as it is.
"""

import zlib
from bisect import bisect_left
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.parquet import batches
from pipeline_lib.core.reading import open_file
from pipeline_lib.images.index import IGNORED, SCHEMA, IndexRow

FOLDER = Path(".vlmflow/indexes")
SMALL = 2**18  # bytes; a smaller index is read as it is
PART = 2**16  # rows that are one batch of Arrow's
ROW_BITS = 32

Order = NDArray[np.uint32]  # the checksums of the paths, ascending, and the numbers of their rows
Parts = list[pa.RecordBatch]  # of PART rows each, but the last


class Lookup:
    """The files of some indexes that are images, by path; PipelineError if two have the same path."""

    def __init__(self, indexes: list[Path]) -> None:
        opened = [_opened(index) for index in indexes]
        self._columns = [[dict(zip(SCHEMA.names, part.columns, strict=True)) for part in parts] for parts, _ in opened]
        self._sums, self._positions = _merged([order for _, order in opened])
        self._refuse_equal_paths(indexes)

    def find(self, path: str) -> int | None:
        """Return the position of the row with this path, None without one."""
        checksum = _checksum(path)
        first = bisect_left(self._sums, checksum)
        while first < len(self._sums) and self._sums[first] == checksum:
            position: int = self._positions[first]
            if self.value("path", position) == path:
                return position
            first += 1
        return None

    def find_all(self, paths: list[str], columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return some columns of the rows with these paths, by path, and perhaps of others with equal checksums.

        For thousands of paths this takes a tenth of the time of `find` and `value`.
        """
        sums = np.asarray(self._sums)
        wanted = np.unique(np.array([_checksum(path) for path in paths], np.uint32))
        first, end = (np.searchsorted(sums, wanted, side) for side in ("left", "right"))
        counts = end - first
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        positions = np.asarray(self._positions)[np.repeat(first, counts) + within].astype(np.uint64)
        parts = positions >> np.uint64(ROW_BITS), (positions & np.uint64((1 << ROW_BITS) - 1)) // np.uint64(PART)
        rows: dict[str, tuple[str, ...]] = {}
        for number, part in np.unique(np.stack(parts), axis=1).T.tolist():
            inside = positions[(parts[0] == number) & (parts[1] == part)] & np.uint64((1 << ROW_BITS) - 1)
            taken = self._taken(number, part, inside % np.uint64(PART), ("path", *columns))
            rows.update(zip(taken[0], zip(*taken[1:], strict=True), strict=True))
        return rows

    def _taken(self, number: int, part: int, rows: NDArray[np.uint64], columns: Sequence[str]) -> list[list[str]]:
        values = self._columns[number][part]
        return [values[column].take(pa.array(rows)).to_pylist() for column in columns]

    def value(self, column: str, position: int) -> Any:
        """Return what a column of a row contains."""
        row = position & (1 << ROW_BITS) - 1
        return self._columns[position >> ROW_BITS][row // PART][column][row % PART].as_py()

    def row(self, position: int) -> IndexRow:
        """Return a row."""
        return IndexRow(**{name: self.value(name, position) for name in SCHEMA.names})

    def paths(self) -> Iterator[str]:
        """Yield the paths of all images, in the order of the indexes."""
        return (self.value("path", position) for position in sorted(self._positions))

    def _refuse_equal_paths(self, indexes: list[Path]) -> None:
        sums, numbered = np.asarray(self._sums), np.asarray(self._positions)
        for checksum in np.unique(sums[1:][sums[1:] == sums[:-1]]).tolist():
            positions: dict[str, int] = {}
            for position in sorted(numbered[sums == checksum].tolist()):
                path = self.value("path", position)
                if path in positions:
                    raise PipelineError(
                        "two datasets hold an image with the same path",
                        where=indexes[position >> ROW_BITS],
                        value=path,
                        cure="give one of them a prefix",
                    )
                positions[path] = position


def _checksum(path: str) -> int:
    return zlib.crc32(path.encode("utf-8", "surrogatepass"))


def _merged(orders: list[Order]) -> tuple[memoryview, memoryview]:
    """Return the checksums of all indexes, ascending, and the positions: number of the index, then of the row."""
    if len(orders) == 1:
        return orders[0][0].data, orders[0][1].data
    sums = np.concatenate([np.empty(0, np.uint32), *(order[0] for order in orders)])
    numbered = (order[1].astype(np.uint64) + np.uint64(number << ROW_BITS) for number, order in enumerate(orders))
    by_sum = np.argsort(sums, kind="stable")
    return sums[by_sum].data, np.concatenate([np.empty(0, np.uint64), *numbered])[by_sum].data


def _order(parts: Iterable[pa.RecordBatch]) -> Order:
    """Return checksum and number of the rows of all images."""
    pieces = [np.empty((2, 0), np.uint32)]
    for number, part in enumerate(parts):
        sums = np.array([_checksum(path) for path in part["path"].to_pylist()], np.uint32)
        rows = np.arange(len(part), dtype=np.uint32) + np.uint32(number * PART)
        usable = np.array([status != IGNORED for status in part["status"].to_pylist()], bool)
        pieces.append(np.stack([sums, rows])[:, usable])
    order = np.concatenate(pieces, axis=1)
    return order[:, np.argsort(order[0], kind="stable")]


def _opened(index: Path) -> tuple[Parts, Order]:
    with open_file(index):  # an absent or unreadable index raises the usual error
        stat = index.stat()
    if stat.st_size < SMALL:
        parts = list(batches(index, size=PART))
        return parts, _order(parts)
    absolute = str(index.absolute())
    form = f"{PART} {SCHEMA}"  # other versions of this module write another
    version = digest_text(f"{form} {stat.st_ino} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}")[:16]
    copy = FOLDER / f"{digest_text(absolute)[:16]}-{version}.arrow"
    if not copy.is_file():
        _write_copy(index, copy)
    with pa.memory_map(str(copy)) as source:
        file = pa.ipc.open_file(source)
        return [file.get_batch(number) for number in range(file.num_record_batches)], np.load(_order_of(copy), "r")


def _order_of(copy: Path) -> Path:
    return copy.with_suffix(".npy")


def _write_copy(index: Path, copy: Path) -> None:
    """Write rows and order, each under its name only when complete; remove the copies of earlier versions."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=FOLDER) as folder:
        order, rows = Path(folder) / "order.npy", Path(folder) / "rows.arrow"
        np.save(order, _order(batches(index, ["path", "status"], PART)))
        with rows.open("wb") as file, pa.ipc.new_file(file, SCHEMA) as writer:
            for part in batches(index, size=PART):
                writer.write_batch(part)
        order.replace(_order_of(copy))
        rows.replace(copy)  # the last: who sees it finds both
    for earlier in FOLDER.glob(f"{copy.name.partition('-')[0]}-*"):
        if earlier.stem != copy.stem:
            earlier.unlink(missing_ok=True)
