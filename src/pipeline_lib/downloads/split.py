"""A file in parts, as `split` writes them, read as one without joining them on disk."""

import io
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, cast

from pipeline_lib.core.errors import PipelineError


@dataclass(frozen=True)
class SplitFile:
    """The parts of one file, in order; one part is the file itself."""

    parts: tuple[Path, ...]

    @classmethod
    def of(cls, file: "Path | SplitFile") -> "SplitFile":
        """Return a file as its only part, and a split file as it is."""
        return file if isinstance(file, SplitFile) else cls((file,))

    def __str__(self) -> str:
        return str(self.parts[0]) + (f" and {len(self.parts) - 1} further parts" if self.parts[1:] else "")

    @property
    def size(self) -> int:
        """The size of the whole in bytes."""
        return sum(part.stat().st_size for part in self.parts)

    def open(self) -> BinaryIO:
        """Return the whole as a file to read, of which any place can be sought."""
        return self.parts[0].open("rb") if len(self.parts) == 1 else cast(BinaryIO, io.BufferedReader(_Joined(self)))


def parts_of_one_file(names: list[str], where: str) -> list[str]:
    """Return the names of the parts of one file in order: `z` before `aa`, 9 before 10.

    They differ behind the last dot only: image.zip.part-aa, image.zip.part-ab. Others raise PipelineError.
    """
    wholes = sorted({name.rpartition(".")[0] for name in names})
    if len(wholes) > 1:
        raise PipelineError(
            "these files are not the parts of one archive: their names differ before the last dot",
            where=where, value=", ".join(sorted(names)[:5]), cure="one dataset for each archive",
        )  # fmt: skip
    return sorted(names, key=lambda name: (len(name), name))


class _Joined(io.RawIOBase):
    """The concatenated bytes of some files."""

    def __init__(self, whole: SplitFile) -> None:
        self._files = [part.open("rb", buffering=0) for part in whole.parts]
        sizes = [part.stat().st_size for part in whole.parts]
        self._starts = list(accumulate(sizes, initial=0))
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._starts[-1]}[whence]
        if place < 0:
            raise ValueError(f"a place before the start of the file: {place}")
        self._place = place
        return place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = bisect_right(self._starts, self._place) - 1
        if part >= len(self._files):
            return 0
        file = self._files[part]
        file.seek(self._place - self._starts[part])
        piece = file.read(min(len(buffer), self._starts[part + 1] - self._place))
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)

    def close(self) -> None:
        for file in self._files:
            file.close()
        super().close()
