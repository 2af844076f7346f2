"""Reads images by path through the index, and checks their bytes against the digests."""

from pathlib import Path
from typing import Self

from PIL import Image

from pipeline_lib.core.digests import digest_bytes
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.decode import open_image
from pipeline_lib.images.index import UNUSABLE, IndexRow, pin
from pipeline_lib.images.lookup import Lookup
from pipeline_lib.images.nearest import NearestPaths
from pipeline_lib.images.open_files import OpenFiles
from pipeline_lib.images.pixels import to_rgb

ABSENT = "no dataset holds this image"


class ImageReader:
    """The usable images of some datasets, by path; a copy in another process opens the indexes again."""

    def __init__(self, indexes: list[Path]) -> None:
        self._indexes = indexes
        self._lookup = Lookup(indexes)
        self._nearest: NearestPaths | None = None  # built when a path is missing
        self._checked: set[int] = set()  # positions of the images whose bytes were compared with their digests
        self._files = OpenFiles()
        self._last: tuple[str | None, int | None] = None, None

    def __reduce__(self) -> tuple[type[Self], tuple[list[Path]]]:
        return type(self), (self._indexes,)

    def __contains__(self, path: str) -> bool:
        return self._usable(path) is not None

    def _usable(self, path: str) -> int | None:
        """Return the position of a usable image in the lookup, None for any other path."""
        if path != self._last[0]:  # callers ask whether an image is usable, and then about it
            position = self._lookup.find(path)
            usable = position is not None and self._lookup.value("status", position) not in UNUSABLE
            self._last = path, position if usable else None
        return self._last[1]

    def _position(self, path: str) -> int:
        position = self._usable(path)
        if position is None:
            raise PipelineError(self.why_not(path), value=path)
        return position

    def why_not(self, path: str) -> str:
        """Return why an image cannot be used; if no dataset has the path, with the nearest path that one has."""
        position = self._lookup.find(path)
        if position is None:
            self._nearest = self._nearest or NearestPaths(self._lookup.paths())
            return "; ".join(part for part in (f"{ABSENT}: {path}", self._nearest.hint(path)) if part)
        row = self._lookup.row(position)
        return f"{UNUSABLE[row.status]}: {row.reason}"

    def row(self, path: str) -> IndexRow:
        """Return the index row of a usable image; any other path raises PipelineError."""
        return self._lookup.row(self._position(path))

    def pin(self, path: str) -> str:
        """Return the pin of a usable image; any other path raises PipelineError."""
        position = self._position(path)
        return pin(self._lookup.value("sha256", position), self._lookup.value("pixels", position))

    def pins(self, paths: list[str]) -> dict[str, str]:
        """Return the pins of the usable images among some, by path; see `pin`."""
        rows = self._lookup.find_all(paths, ("status", "sha256", "pixels"))
        return {path: pin(sha256, pixels) for path, (status, sha256, pixels) in rows.items() if status not in UNUSABLE}

    def size(self, path: str) -> tuple[int, int]:
        """Return width and height of a usable image, in pixels."""
        row = self.row(path)
        return row.width, row.height

    def read(self, path: str, pinned: str) -> bytes:
        """Return the bytes of an image; they must match `pinned`, the `pin` of its row.

        The digest of the bytes is computed at the first reading of an image by this reader.
        """
        position = self._position(path)
        row = self._lookup.row(position)
        data = self._files.bytes_of(row)
        unchanged = position in self._checked or digest_bytes(data) == row.sha256
        if not unchanged or row.pin != pinned:
            raise PipelineError(
                "this image is not the one that the table was made from",
                where=row.container,
                value=path,
                cure="it was changed outside the workflow: restore it, or delete its dataset's manifests and run again",
            )
        self._checked.add(position)
        return data

    def open(self, path: str, pinned: str) -> Image.Image:
        """Return an image as RGB by its dataset's pixel rule; bytes and rule are checked against `pinned`."""
        return to_rgb(open_image(self.read(path, pinned)), self.row(path).pixels)

    def decoded(self, path: str, pinned: str) -> Image.Image:
        """Return an image in the mode of its file; its bytes are checked against `pinned`."""
        return open_image(self.read(path, pinned))
