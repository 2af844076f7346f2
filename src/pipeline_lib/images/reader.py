"""Reads images by path through the index, and checks their bytes against the digests."""

from pathlib import Path

from PIL import Image

from pipeline_lib.core.digests import digest_bytes
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.decode import open_image
from pipeline_lib.images.index import IGNORED, UNUSABLE, IndexRow, pin, read_index
from pipeline_lib.images.nearest import NearestPaths
from pipeline_lib.images.pixels import to_rgb

ABSENT = "no dataset holds this image"


class ImageReader:
    """The usable images of some datasets, by path."""

    def __init__(self, indexes: list[Path]) -> None:
        self._rows: dict[str, IndexRow] = {}
        self._nearest: NearestPaths | None = None  # built when a path is missing
        for index in indexes:
            self._add(index)

    def _add(self, index: Path) -> None:
        for row in (row for row in read_index(index) if row.status != IGNORED):
            if row.path in self._rows:
                raise PipelineError(
                    "two datasets hold an image with the same path",
                    where=index,
                    value=row.path,
                    cure="give one of them a prefix",
                )
            self._rows[row.path] = row

    def __contains__(self, path: str) -> bool:
        return path in self._rows and self._rows[path].status not in UNUSABLE

    def why_not(self, path: str) -> str:
        """Return why an image cannot be used; if no dataset has the path, with the nearest path that one has."""
        if path not in self._rows:
            self._nearest = self._nearest or NearestPaths(self._rows)
            return "; ".join(part for part in (f"{ABSENT}: {path}", self._nearest.hint(path)) if part)
        row = self._rows[path]
        return f"{UNUSABLE[row.status]}: {row.reason}"

    def row(self, path: str) -> IndexRow:
        """Return the index row of a usable image; any other path raises PipelineError."""
        if path not in self:
            raise PipelineError(self.why_not(path), value=path)
        return self._rows[path]

    def size(self, path: str) -> tuple[int, int]:
        """Return width and height of a usable image, in pixels."""
        row = self.row(path)
        return row.width, row.height

    def read(self, path: str, pinned: str) -> bytes:
        """Return the bytes of an image; they must match `pinned`, the `pin` of its row."""
        row = self.row(path)
        data = _bytes_of(row)
        if pin(digest_bytes(data), row.pixels) != pinned:
            raise PipelineError(
                "this image is not the one that the table was made from",
                where=row.container,
                value=path,
                cure="it was changed outside the workflow: restore it, or delete its dataset's manifests and run again",
            )
        return data

    def open(self, path: str, pinned: str) -> Image.Image:
        """Return an image as RGB by its dataset's pixel rule; bytes and rule are checked against `pinned`."""
        return to_rgb(open_image(self.read(path, pinned)), self.row(path).pixels)

    def decoded(self, path: str, pinned: str) -> Image.Image:
        """Return an image in the mode of its file; its bytes are checked against `pinned`."""
        return open_image(self.read(path, pinned))


def _bytes_of(row: IndexRow) -> bytes:
    container = Path(row.container)
    try:
        if row.status == "kept":
            return (container / row.member).read_bytes()
        with container.open("rb") as file:
            file.seek(row.offset)
            return file.read(row.size)
    except OSError as error:
        raise PipelineError("an image's file is missing", where=container, value=row.path) from error
