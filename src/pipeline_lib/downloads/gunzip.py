"""Reads a gzip file forwards in large pieces: `gzip.open` reads 8 KB at a time, which takes twice as long.

Members, checksums and zeros behind the last member are read as `gzip` reads them (CPython 3.11, `gzip._GzipReader`).
"""

import zlib
from contextlib import contextmanager
from typing import BinaryIO, Iterator

PACKED = 2**17  # bytes to read at once
UNPACKED = 2**20  # bytes to unpack at once, so that no bomb fills the memory
SKIPPED = 2**20  # bytes to pass over at once
GZIP = 16 + zlib.MAX_WBITS  # zlib then expects gzip's header, and checks its checksum and length


@contextmanager
def gunzip(file: BinaryIO) -> Iterator["Unpacked"]:
    """Yield the unpacked content of a gzip file."""
    yield Unpacked(file)


class Unpacked:
    """The unpacked bytes of a gzip file, read once from the start to the end.

    Damaged bytes raise zlib.error, a file that ends early EOFError, a step backwards ValueError.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._member = zlib.decompressobj(GZIP)
        self._packed = b""
        self._piece = b""
        self._at = 0  # in the piece
        self._place = 0

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self._place

    def seek(self, place: int) -> int:
        """Pass over the bytes before a place."""
        if place < self._place:
            raise ValueError("a step backwards")
        while self._place < place and self.read(min(SKIPPED, place - self._place)):
            pass
        return self._place

    def read(self, size: int) -> bytes:
        """Return the next bytes: `size` of them, or those up to the end."""
        end = self._at + size
        if end <= len(self._piece):
            data = self._piece[self._at : end]
            self._at = end
        else:
            data = self._across(size)
        self._place += len(data)
        return data

    def _across(self, size: int) -> bytes:
        """Return bytes that are in more than one piece."""
        parts = [self._piece[self._at :]]
        missing = size - len(parts[0])
        while missing > 0:
            self._piece = self._next()
            if not self._piece:
                break
            parts.append(self._piece[:missing])
            missing -= len(parts[-1])
        self._at = len(parts[-1]) if len(parts) > 1 and self._piece else len(self._piece)
        return b"".join(parts)

    def _next(self) -> bytes:
        """Return the next piece, empty at the end."""
        piece = b""
        while not piece:
            if self._member.eof and not self._next_member():
                return b""
            packed = self._packed or self._file.read(PACKED)
            if not packed:
                raise EOFError("the file ended before the end-of-stream marker was reached")
            piece = self._member.decompress(packed, UNPACKED)
            self._packed = self._member.unconsumed_tail or self._member.unused_data
        return piece

    def _next_member(self) -> bool:
        """Begin the member after the last one; return whether there is one. Zeros between members are padding."""
        rest = self._packed.lstrip(b"\0")
        while not rest:
            more = self._file.read(PACKED)
            if not more:
                return False
            rest = more.lstrip(b"\0")
        self._packed = rest
        self._member = zlib.decompressobj(GZIP)
        return True
