"""The convert stage: converts the images of one shard, in files and in tables; new bytes go into an archive."""

import io
import tarfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pydantic import Field

from pipeline_lib.core.digests import digest_bytes, digest_file, digest_text
from pipeline_lib.images.convert import Converted, ConvertSettings, convert_image
from pipeline_lib.images.decode import BYTE_LIMIT, UnreadableImageError, is_image
from pipeline_lib.images.index import IGNORED, IndexRow
from pipeline_lib.images.tables import Cell, cells, holds_images
from pipeline_lib.job.progress import Progress
from pipeline_lib.machine.pool import in_order, worthwhile

NO_IMAGE = "not an image by its name or its first bytes"


class ShardSettings(ConvertSettings):
    """The settings of one convert job."""

    processes: int = Field(default=1, ge=1, exclude=True, description="processes at once; they decide no byte")


def convert_shard(
    raw: Path, files: list[Path], tar: Path, container: Path, settings: ConvertSettings, processes: int = 1
) -> list[IndexRow]:
    """Convert the images of one shard, files and rows of tables, and return their index rows, sorted by name.

    `raw` is the folder that names are relative to. Converted images and images from tables are appended to the
    uncompressed archive `tar`, which the index calls `container`. A file that is no image, or cannot be read, has a
    row with that reason. Several processes convert files, this one the rows of tables; no byte depends on them.
    """
    rows = []
    files = sorted(files, key=lambda file: file.as_posix())
    with tarfile.open(tar, "w", format=tarfile.PAX_FORMAT) as archive:  # PAX allows names of any length
        shard = _Shard(raw, archive, container, settings)
        progress = Progress("files", len(files))
        of_files = in_order(partial(_of_file, raw, settings), files, worthwhile(len(files), processes))
        for done, (file, of_file) in enumerate(zip(files, of_files, strict=True), 1):
            rows += shard.table(file) if of_file is None else [shard.enter(of_file)]
            progress.at(done)
    return rows


@dataclass(frozen=True)
class _OfFile:
    """The verdict on a file, with the digest of its bytes and their number."""

    name: str
    done: Converted
    digest: str
    size: int = 0
    ignored: bool = False


def _of_file(raw: Path, settings: ConvertSettings, file: Path) -> _OfFile | None:
    """Return the verdict on a file, None for a table with images."""
    name = file.relative_to(raw).as_posix()
    try:
        image, table = is_image(file), holds_images(file)
        if not image:
            return None if table else _OfFile(name, _unusable(NO_IMAGE), digest_file(file), ignored=True)
        size = file.stat().st_size
        if size > BYTE_LIMIT:
            reason = f"enormous ({size:,} bytes; at most {BYTE_LIMIT:,} are read)"
            return _OfFile(name, _unusable(reason), digest_file(file))
        data = file.read_bytes()
    except OSError as error:
        return _OfFile(name, _unusable(f"cannot be read ({error.strerror})"), "")
    return _OfFile(name, convert_image(data, file.suffix.lower(), settings), digest_bytes(data), len(data))


def _unusable(reason: str) -> Converted:
    return Converted("quarantined", reason)


class _Shard:
    """One shard under conversion."""

    def __init__(self, raw: Path, archive: tarfile.TarFile, container: Path, settings: ConvertSettings) -> None:
        self._raw = raw
        self._archive = archive
        self._container = container
        self._settings = settings

    def enter(self, file: _OfFile) -> IndexRow:
        """Return the row of a file that is no table; converted bytes go into the archive."""
        if file.done.data is not None:
            return self._packed(file.name, file.digest, file.done, file.done.data)
        row = replace(self._row(file.name, file.name, file.digest, file.done), size=file.size)
        return replace(row, status=IGNORED) if file.ignored else row

    def table(self, file: Path) -> list[IndexRow]:
        """Return the rows of a table's images, sorted by path."""
        name = file.relative_to(self._raw).as_posix()
        folder = name[: -len(file.suffix)]
        rows: dict[str, IndexRow] = {}
        short: list[Cell] = []
        try:
            for cell in cells(file):
                if cell.is_short:
                    short.append(cell)
                else:
                    _enter(rows, self._cell(name, cell.path(folder), cell))
        except UnreadableImageError as error:
            rows[name] = self._row(name, name, digest_file(file), Converted("quarantined", str(error)))
        originals = {**rows}
        indexes = {cell.index for cell in short}
        for cell in short:
            _enter(rows, self._short_cell(name, folder, cell, originals, indexes))
        return sorted(rows.values(), key=lambda row: row.path)

    def _short_cell(
        self, name: str, folder: str, cell: Cell, originals: dict[str, IndexRow], indexes: set[str]
    ) -> IndexRow:
        """Return the row of a cell that may be the index of another row, which must then have its own image."""
        path, target = cell.path(folder), f"{folder}/{cell.value}"
        if cell.names_a_path and target in originals:
            return replace(originals[target], path=path)
        if cell.value in indexes and cell.value:
            reason = f"the row that it refers to has no image of its own (row {cell.value})"
            return self._row(path, name, digest_text(cell.value), Converted("quarantined", reason))
        return self._cell(name, path, cell)

    def _cell(self, name: str, path: str, cell: Cell) -> IndexRow:
        """Return the row of an image in a table; its bytes go into the archive, converted or not."""
        try:
            data = cell.image()
        except UnreadableImageError as error:
            return self._row(path, name, digest_text(cell.value), Converted("quarantined", str(error)))
        done = convert_image(data, None, self._settings)
        if done.status == "quarantined":
            return self._row(path, name, digest_bytes(data), done)
        return self._packed(path, digest_bytes(data), done, data)

    def _packed(self, name: str, source_sha256: str, done: Converted, data: bytes) -> IndexRow:
        """Append the converted bytes, else `data`, to the archive with a fixed owner and time, and return its row."""
        packed = done.data or data
        member = tarfile.TarInfo(name)
        member.size = len(packed)
        self._archive.addfile(member, io.BytesIO(packed))
        offset = int(self._archive.offset) - -(-len(packed) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
        return replace(
            self._row(name, name, source_sha256, done),
            status="converted" if done.status == "converted" else "unpacked",
            container=self._container.as_posix(),
            offset=offset,
            size=len(packed),
            sha256=source_sha256 if done.data is None else digest_bytes(packed),
        )

    def _row(self, path: str, member: str, source_sha256: str, done: Converted) -> IndexRow:
        """Return the row of an image that stays in its file."""
        return IndexRow(
            path=path,
            status=done.status,
            reason=done.reason,
            container=self._raw.as_posix(),
            member=member,
            offset=0,
            size=0,
            width=done.size[0],
            height=done.size[1],
            frames=done.frames,
            source_sha256=source_sha256,
            sha256=source_sha256,
            pixels=done.pixels,
            doubt=done.doubt,
        )


def _enter(rows: dict[str, IndexRow], row: IndexRow) -> None:
    """Add a row of a table; if its path already has a different image, neither is usable."""
    before = rows.setdefault(row.path, row)
    if before.source_sha256 != row.source_sha256:
        reason = "this index has several images"
        rows[row.path] = replace(before, status="quarantined", reason=reason, pixels="")
