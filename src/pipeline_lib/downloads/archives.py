"""Files in a zip or tar archive, by name; whatever could write outside a folder, or without end, is refused.

All is checked before it is written: names, kinds and declared sizes when the archive is listed, bytes as they come.
"""

import bz2
import errno
import gzip
import lzma
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Callable, Iterator, cast

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import LISTING, STAMP
from pipeline_lib.downloads.names import safe_name

RATIO = 200  # times its packed size that all content may have; text packs to a tenth, images not at all
HARMLESS = 2**26  # bytes of content whose ratio is not looked at
LONGEST_READ = 2**24  # bytes that tarfile may ask for at once: no true header declares more
PIECE = 2**20
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
PACKED: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}

_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    *(EOFError, OSError, NotImplementedError, RuntimeError, MemoryError),  # RecursionError is a RuntimeError
    *(ValueError, TypeError, KeyError, IndexError, OverflowError),
)
_OF_NAMES = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EINVAL, errno.EILSEQ)


@dataclass(frozen=True)
class Member:
    """One file of an archive: its safe name, its declared size in bytes, and how to read it."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


def list_archive(archive: Path, below: str) -> list[str]:
    """Return the names of the files in the folder `below` of an archive, relative to it; without any it is an error."""
    everything = [member.name for member in _members(archive)]
    names = [name for name in (_inside(full, below) for full in everything) if name]
    if not names:
        tops = sorted({full.partition("/")[0] for full in everything})[:10]
        raise PipelineError(
            "the archive holds no file in this folder" if below else "the archive holds no file",
            where=archive,
            value=below,
            cure=f"correct `below`; the archive begins with {', '.join(tops)}" if tops else "",
        )
    return names


def extract(archive: Path, below: str, names: set[str], folder: Path) -> None:
    """Write the named files, as `list_archive` gives them, below `folder`, which holds none of them."""
    for member in _members(archive):
        name = _inside(member.name, below)
        if name in names:
            with _told(archive, member.name):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                _expect_room(member, folder, archive)
                _write(member, folder / name, archive)


def _inside(name: str, below: str) -> str:
    """Return a name relative to the folder `below`; empty outside it, and for files of the workflow's own."""
    if name.rpartition("/")[2] in (STAMP, LISTING):
        return ""
    prefix = f"{below.strip('/')}/" if below.strip("/") else ""
    return name.removeprefix(prefix) if name.startswith(prefix) else ""


def _expect_room(member: Member, folder: Path, archive: Path) -> None:
    free = shutil.disk_usage(folder).free
    if member.size > free:
        raise PipelineError(
            "there is no room for the content of this archive", where=f"{archive}: {member.name}",
            value=f"{member.size} bytes, {free} are free", cure="make room and run the same command again",
        )  # fmt: skip


def _write(member: Member, target: Path, archive: Path) -> None:
    written = 0
    with member.open() as source, target.open("xb") as file:
        while piece := source.read(PIECE):
            written += len(piece)
            if written > member.size:
                break
            file.write(piece)
    if written != member.size:
        raise _refused(archive, member.name, f"{written} bytes or more, and it declares {member.size}")


def _members(archive: Path) -> Iterator[Member]:
    """Yield the files of an archive in its order; a member that is not safe raises PipelineError."""
    with archive.open("rb") as file:
        start = file.read(6)
    yield from _of_zip(archive) if start.startswith(ZIP) else _of_tar(archive, start)


def _of_zip(archive: Path) -> Iterator[Member]:
    with _told(archive, ""), zipfile.ZipFile(archive) as file:
        infos = file.infolist()
        if sum(info.compress_size for info in infos) > archive.stat().st_size:
            raise _refused(archive, "", "its members overlap")
        packed = archive.stat().st_size
        total = 0
        for info in infos:
            name = _name(info.filename, archive)
            _refuse_zip_kind(archive, info)
            total += info.file_size
            _refuse_ratio(archive, name, info.file_size, info.compress_size)
            _refuse_ratio(archive, name, total, packed)
            if not info.is_dir():
                yield Member(name, info.file_size, lambda info=info: file.open(info))  # type: ignore[misc]


def _name(name: str, archive: Path) -> str:
    return safe_name(name, archive) if PurePosixPath(name).parts else ""  # `./`, the archive's own top


def _refuse_zip_kind(archive: Path, info: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(archive, info.filename, "a link or a device")
    if info.flag_bits & 1:
        raise _refused(archive, info.filename, "encrypted")


def _of_tar(archive: Path, start: bytes) -> Iterator[Member]:
    """Yield the files of a tar archive, plain or packed, reading it once from its beginning."""
    total = last = 0
    packed = archive.stat().st_size
    unpack = next((opener for magic, opener in PACKED.items() if start.startswith(magic)), Path.open)
    with _told(archive, ""), unpack(archive, "rb") as content:
        watched = _Watched(content)
        with tarfile.open(fileobj=cast(IO[bytes], watched), mode="r:") as file:
            while info := file.next():
                file.members = []  # type: ignore[attr-defined]  # or it would remember all of a million
                name = _name(info.name, archive)
                if not (info.isreg() or info.isdir()) or info.issparse():
                    raise _refused(archive, name, "a link, a device or a sparse file")
                if info.size < 0 or info.offset_data <= last:
                    raise _refused(archive, name, "its members do not follow each other")
                last = info.offset_data
                total += tarfile.BLOCKSIZE + info.size
                _refuse_ratio(archive, name, total, packed)
                if info.isreg():
                    yield Member(name, info.size, lambda info=info: _content(file, info))  # type: ignore[misc]
        if watched.last != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("it ends before its end mark")
        while piece := content.read(PIECE):  # to the end, where a packed archive has its checksum
            total += len(piece)
            _refuse_ratio(archive, "", total, packed)


class _Watched:
    """A file that remembers what was last read: tarfile takes a damaged header for the end of the archive."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.last = b""
        self.seek = file.seek
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        """Read and remember; a negative or enormous size, which a broken header declares, raises ValueError."""
        if not 0 <= size <= LONGEST_READ:
            raise ValueError(f"a header declares {size} bytes")
        self.last = self._file.read(size)
        return self.last


def _content(file: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = file.extractfile(info)
    assert content is not None  # a regular file has some
    return content


def _refuse_ratio(archive: Path, name: str, size: int, packed: int) -> None:
    if size > max(HARMLESS, packed * RATIO):
        raise _refused(archive, name, f"it declares {size} bytes, packed into {packed}")


def _refused(archive: Path, name: str, why: str) -> PipelineError:
    return PipelineError(
        f"this archive is not safe to take apart: {why}", where=archive, value=name, cure="do not trust this source"
    )


@contextmanager
def _told(archive: Path, name: str) -> Iterator[None]:
    """Turn what the libraries raise on broken archives into an error that names archive and member."""
    try:
        yield
    except FileExistsError as error:
        raise _refused(archive, name, "two members have the same name, or one that of another's folder") from error
    except _BROKEN as error:
        if isinstance(error, OSError) and error.errno in _OF_NAMES:
            raise _refused(archive, name, str(error.strerror)) from error
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise PipelineError(
            f"this archive is broken: {error}",
            where=archive,
            value=name,
            cure="it may not be what was asked for: remove the download with `vlmflow clean`, and look at the address",
        ) from error
