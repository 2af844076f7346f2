"""The convert stage: converts the images of one shard, in files and in tables; new bytes go into an archive."""

import io
import tarfile
from dataclasses import replace
from pathlib import Path

from pipeline_lib.core.digests import digest_bytes, digest_file, digest_text
from pipeline_lib.images.convert import Converted, ConvertSettings, convert_image
from pipeline_lib.images.decode import BYTE_LIMIT, UnreadableImageError, is_image
from pipeline_lib.images.index import IGNORED, IndexRow
from pipeline_lib.images.tables import Cell, cells, holds_images
from pipeline_lib.job.progress import Progress

NO_IMAGE = "not an image by its name or its first bytes"


def convert_shard(
    raw: Path, files: list[Path], tar: Path, container: Path, settings: ConvertSettings
) -> list[IndexRow]:
    """Convert the images of one shard, files and rows of tables, and return their index rows, sorted by name.

    `raw` is the folder that names are relative to. Converted images and images from tables are appended to the
    uncompressed archive `tar`, which the index calls `container`. A file that is no image, or cannot be read, has a
    row with that reason.
    """
    rows = []
    with tarfile.open(tar, "w", format=tarfile.PAX_FORMAT) as archive:  # PAX allows names of any length
        shard = _Shard(raw, archive, container, settings)
        progress = Progress("files", len(files))
        for done, file in enumerate(sorted(files, key=lambda file: file.as_posix()), 1):
            rows += shard.rows(file)
            progress.at(done)
    return rows


class _Shard:
    """One shard under conversion."""

    def __init__(self, raw: Path, archive: tarfile.TarFile, container: Path, settings: ConvertSettings) -> None:
        self._raw = raw
        self._archive = archive
        self._container = container
        self._settings = settings

    def rows(self, file: Path) -> list[IndexRow]:
        """Return the rows of a file: one, or those of the images in a table."""
        try:
            image, table = is_image(file), holds_images(file)
        except OSError as error:
            return [self._unusable(file, f"cannot be read ({error.strerror})", "")]
        if image:
            return [self.file(file)]
        if table:
            return self.table(file)
        return [replace(self._unusable(file, NO_IMAGE, digest_file(file)), status=IGNORED)]

    def _unusable(self, file: Path, reason: str, digest: str) -> IndexRow:
        name = file.relative_to(self._raw).as_posix()
        return self._row(name, name, digest, Converted("quarantined", reason))

    def file(self, file: Path) -> IndexRow:
        """Return the row of an image file."""
        name = file.relative_to(self._raw).as_posix()
        size = file.stat().st_size
        if size > BYTE_LIMIT:
            reason = f"enormous ({size:,} bytes; at most {BYTE_LIMIT:,} are read)"
            return self._row(name, name, digest_file(file), Converted("quarantined", reason))
        try:
            data = file.read_bytes()
        except OSError as error:
            return self._unusable(file, f"cannot be read ({error.strerror})", "")
        done = convert_image(data, file.suffix.lower(), self._settings)
        if done.data is not None:
            return self._packed(name, data, done, done.data)
        return replace(self._row(name, name, digest_bytes(data), done), size=len(data))

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
        return self._packed(path, data, done, done.data or data)

    def _packed(self, name: str, source: bytes, done: Converted, data: bytes) -> IndexRow:
        """Append `data` to the archive with a fixed owner and time, and return its row."""
        member = tarfile.TarInfo(name)
        member.size = len(data)
        self._archive.addfile(member, io.BytesIO(data))
        offset = int(self._archive.offset) - -(-len(data) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
        digest = digest_bytes(source)
        return replace(
            self._row(name, name, digest, done),
            status="converted" if done.status == "converted" else "unpacked",
            container=self._container.as_posix(),
            offset=offset,
            size=len(data),
            sha256=digest if data is source else digest_bytes(data),
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
