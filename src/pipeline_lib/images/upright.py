"""Reads images upright, turned by their EXIF tags, and otherwise by the pixel rule of their dataset."""

from pathlib import Path

from PIL import Image

from pipeline_lib.images.decode import open_image
from pipeline_lib.images.pixels import TURNS, orientation, to_rgb
from pipeline_lib.images.reader import ImageReader

TURNED = "clean"  # the pixel rule that turns images itself
SIDEWAYS = 5  # from this EXIF orientation on, width and height change places


class UprightReader(ImageReader):
    """The usable images of some datasets, by path, each upright."""

    def open(self, path: str, pinned: str) -> Image.Image:
        """Return an image as RGB, turned upright and then by its dataset's pixel rule; checked against `pinned`."""
        rule = self.row(path).pixels
        image = open_image(self.read(path, pinned))
        return to_rgb(image if rule == TURNED else turned(image), rule)

    def decoded(self, path: str, pinned: str) -> Image.Image:
        """Return an image upright, in the mode of its file; its bytes are checked against `pinned`."""
        return turned(open_image(self.read(path, pinned)))

    def size(self, path: str) -> tuple[int, int]:
        """Return width and height of a usable image that is upright, in pixels."""
        row = self.row(path)
        if row.pixels != "llava":  # no rule turns it, or it is turned
            return row.width, row.height
        sideways = orientation(open_image(self.read(path, row.pin))) >= SIDEWAYS
        return (row.height, row.width) if sideways else (row.width, row.height)


def turned(image: Image.Image) -> Image.Image:
    """Return a decoded image turned by its EXIF orientation, in its own mode.

    Source: huggingface/datasets 5.2.0 `datasets/features/image.py`, `Image.decode_example`, by which lmms-eval reads
    images.
    """
    turn = TURNS.get(orientation(image))
    return image if turn is None else image.transpose(turn)


def image_reader(indexes: list[Path], upright: bool) -> ImageReader:
    """Return the reader of the images in some indexes."""
    return UprightReader(indexes) if upright else ImageReader(indexes)
