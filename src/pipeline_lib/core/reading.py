"""Reading of bytes and text from input files; an unreadable file raises a PipelineError that names it."""

import stat
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Iterator

from pipeline_lib.core.errors import PipelineError

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
UTF16 = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading; anything else, or an unreadable file, raises PipelineError."""
    try:
        _expect_regular(path)
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise PipelineError("file not found", where=path) from error
    except OSError as error:
        raise PipelineError(f"this file cannot be read: {error.strerror or error}", where=path) from error


def _expect_regular(path: Path) -> None:
    """Raise PipelineError if a path is not a regular file: opening a pipe would block."""
    try:
        mode = path.stat().st_mode
    except ValueError as error:  # a NUL in the path
        raise PipelineError(f"this is no path of a file: {error}", where=repr(str(path))) from error
    if not stat.S_ISREG(mode):
        kind = KINDS.get(stat.S_IFMT(mode), "something else")
        raise PipelineError(f"{kind} where a file belongs", where=path, cure="name a file")


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a regular file; see `open_file`."""
    with open_file(path) as file:
        return file.read()


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file without its byte-order mark; invalid bytes raise PipelineError with the line."""
    data = read_bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_utf8(path, data, data.count(b"\n", 0, error.start) + 1, error) from error


def not_utf8(path: Path, data: bytes, line: int, error: UnicodeDecodeError) -> PipelineError:
    """Return the error for a line that is not UTF-8; `data` is the file or that line."""
    kind = "UTF-16" if line == 1 and data.startswith(UTF16) else "not UTF-8"
    return PipelineError(
        f"this text is {kind}", where=f"{path}:{line}", value=data[error.start : error.start + 4],
        cure="save it as UTF-8, such as with `iconv -f ENCODING -t UTF-8`",
    )  # fmt: skip


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a UTF-8 file with their numbers from 1; invalid bytes raise PipelineError with their line."""
    with open_file(path) as file:
        for number, data in enumerate(file, 1):
            try:
                text = data.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise not_utf8(path, data, number, error) from error
            yield number, text
