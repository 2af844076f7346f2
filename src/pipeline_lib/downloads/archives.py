"""Lists and extracts zip and tar archives; refuses members that would write outside the folder or without end.

Names, kinds and declared sizes are checked when the archive is listed, bytes while they are read.
"""

import bz2
import errno
import lzma
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Callable, Iterator, Protocol, cast

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import LISTING, STAMP
from pipeline_lib.downloads.gunzip import gunzip
from pipeline_lib.downloads.names import safe_name
from pipeline_lib.downloads.split import SplitFile

RATIO = 200  # largest ratio of unpacked to packed size; text packs to a tenth, images hardly at all
HARMLESS = 2**26  # bytes of content below which the ratio is not checked
LONGEST_READ = 2**24  # bytes that tarfile may read at once: no valid header declares more
PIECE = 2**20
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
PACKED: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gunzip, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}

_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    *(EOFError, OSError, NotImplementedError, RuntimeError, MemoryError),  # RecursionError is a RuntimeError
    *(ValueError, TypeError, KeyError, IndexError, OverflowError),
)
_NAME_ERRORS = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EINVAL, errno.EILSEQ)


class Readable(Protocol):
    """Something to read."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes: `size` of them, or those up to the end."""


@dataclass(frozen=True)
class Member:
    """One file of an archive: its safe name, its declared size in bytes, and how to read it."""

    name: str
    size: int
    open: Callable[[], AbstractContextManager[Readable]]


def list_archive(archive: Path | SplitFile, below: str) -> list[str]:
    """Return the names of the files in the folder `below` of an archive, relative to it; none raise PipelineError."""
    return unpack(archive, below, lambda name: None)


def extract(archive: Path | SplitFile, below: str, names: set[str], folder: Path) -> None:
    """Write the named files, as `list_archive` returns them, below `folder`, which contains none of them yet."""
    unpack(archive, below, lambda name: folder / name if name in names else None)


def unpack(archive: Path | SplitFile, below: str, place: Callable[[str], Path | None]) -> list[str]:
    """Read an archive once; write each file of its folder `below` to the path that `place` returns for its name.

    Return the names of all files in `below`, relative to it; none raise PipelineError. A file without a path is read
    over. The paths must not exist.
    """
    whole = SplitFile.of(archive)
    names: list[str] = []
    tops: set[str] = set()
    for member in _members(whole):
        name = _inside(member.name, below)
        if not name:
            tops.add(member.name.partition("/")[0])
            continue
        names.append(name)
        target = place(name)
        if target is not None:
            with _named_errors(whole, member.name):
                target.parent.mkdir(parents=True, exist_ok=True)
                _check_disk_space(member, target.parent, whole)
                _write(member, target, whole)
    if not names:
        raise PipelineError(
            "the archive has no files in this folder" if below else "the archive has no files",
            where=archive,
            value=below,
            cure=f"correct `below`; the top level has {', '.join(sorted(tops)[:10])}" if tops else "",
        )
    return names


def _inside(name: str, below: str) -> str:
    """Return a name relative to the folder `below`; empty outside it, and for the workflow's own files."""
    if name.rpartition("/")[2] in (STAMP, LISTING):
        return ""
    prefix = f"{below.strip('/')}/" if below.strip("/") else ""
    return name.removeprefix(prefix) if name.startswith(prefix) else ""


def _check_disk_space(member: Member, folder: Path, archive: SplitFile) -> None:
    free = shutil.disk_usage(folder).free
    if member.size > free:
        raise PipelineError(
            "not enough disk space for the content of this archive", where=f"{archive}: {member.name}",
            value=f"{member.size} bytes, {free} are free", cure="free disk space and run the same command again",
        )  # fmt: skip


def _write(member: Member, target: Path, archive: SplitFile) -> None:
    written = 0
    with member.open() as source, target.open("xb") as file:
        while piece := source.read(PIECE):
            written += len(piece)
            if written > member.size:
                break
            file.write(piece)
    if written != member.size:
        raise _refused(archive, member.name, f"it has {written} bytes or more, and declares {member.size}")


def _members(archive: SplitFile) -> Iterator[Member]:
    """Yield the files of an archive in its order; a member that is not safe raises PipelineError."""
    with archive.open() as file:
        start = file.read(6)
    yield from _of_zip(archive) if start.startswith(ZIP) else _of_tar(archive, start)


def _of_zip(archive: SplitFile) -> Iterator[Member]:
    packed = archive.size
    with _named_errors(archive, ""), archive.open() as whole, zipfile.ZipFile(whole) as file:
        infos = file.infolist()
        if sum(info.compress_size for info in infos) > packed:
            raise _refused(archive, "", "its members overlap")
        total = 0
        for info in infos:
            name = _name(info.filename, archive)
            _refuse_zip_kind(archive, info)
            total += info.file_size
            _refuse_ratio(archive, name, info.file_size, info.compress_size)
            _refuse_ratio(archive, name, total, packed)
            if not info.is_dir():
                yield Member(name, info.file_size, lambda info=info: file.open(info))  # type: ignore[misc]


def _name(name: str, archive: SplitFile) -> str:
    return safe_name(name, archive) if PurePosixPath(name).parts else ""  # `./` is the archive's root


def _refuse_zip_kind(archive: SplitFile, info: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(archive, info.filename, "a link or a device")
    if info.flag_bits & 1:
        raise _refused(archive, info.filename, "encrypted")


def _of_tar(archive: SplitFile, start: bytes) -> Iterator[Member]:
    """Yield the files of a tar archive, plain or compressed, in one pass."""
    total = last = 0
    packed = archive.size
    unpack = next((opener for magic, opener in PACKED.items() if start.startswith(magic)), nullcontext)
    with _named_errors(archive, ""), archive.open() as whole, unpack(whole) as content:
        watched = _Watched(content)
        with tarfile.open(fileobj=cast(IO[bytes], watched), mode="r:") as file:
            while info := file.next():
                file.members = []  # type: ignore[attr-defined]  # else tarfile keeps every member in memory
                name = _name(info.name, archive)
                if not (info.isreg() or info.isdir()) or info.issparse():
                    raise _refused(archive, name, "a link, a device or a sparse file")
                if info.size < 0 or info.offset_data <= last:
                    raise _refused(archive, name, "its members are out of order")
                last = info.offset_data
                total += tarfile.BLOCKSIZE + info.size
                _refuse_ratio(archive, name, total, packed)
                if info.isreg():
                    yield Member(name, info.size, lambda info=info: _content(watched, info))  # type: ignore[misc]
        if watched.last != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("it ends without an end-of-archive block")
        while piece := content.read(PIECE):  # to the end, where a compressed archive has its checksum
            total += len(piece)
            _refuse_ratio(archive, "", total, packed)


class _Watched:
    """A file that remembers the last read, since tarfile takes a damaged header for the end of the archive."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.last = b""
        self.seek = file.seek
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        """Read and remember; a negative or huge size, from a broken header, raises ValueError."""
        if not 0 <= size <= LONGEST_READ:
            raise ValueError(f"a header declares {size} bytes")
        self.last = self._file.read(size)
        return self.last


@contextmanager
def _content(watched: _Watched, info: tarfile.TarInfo) -> Iterator["_Content"]:
    """Yield the content of a member as a file: `tarfile.extractfile` would copy it once more."""
    watched.seek(info.offset_data)
    yield _Content(watched, info.size)


class _Content:
    """So many bytes of a file from the present place on."""

    def __init__(self, file: _Watched, size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int) -> bytes:
        """Return the next bytes; a file that ends before them raises ReadError."""
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        if self._left and not data:
            raise tarfile.ReadError("unexpected end of data")
        return data


def _refuse_ratio(archive: SplitFile, name: str, size: int, packed: int) -> None:
    if size > max(HARMLESS, packed * RATIO):
        raise _refused(archive, name, f"it declares {size} bytes, packed into {packed}")


def _refused(archive: SplitFile, name: str, why: str) -> PipelineError:
    return PipelineError(
        f"this archive is not safe to extract: {why}", where=archive, value=name, cure="do not trust this source"
    )


@contextmanager
def _named_errors(archive: SplitFile, name: str) -> Iterator[None]:
    """Turn the libraries' errors about broken archives into one that names archive and member."""
    try:
        yield
    except FileExistsError as error:
        raise _refused(
            archive, name, "two members have the same name, or one has the name of another's folder"
        ) from error
    except _BROKEN as error:
        if isinstance(error, OSError) and error.errno in _NAME_ERRORS:
            raise _refused(archive, name, str(error.strerror)) from error
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise PipelineError(
            f"this archive is broken: {error}",
            where=archive,
            value=name,
            cure="it may be some other file: remove the download with `vlmflow clean` and check the address",
        ) from error
