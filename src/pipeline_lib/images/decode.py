"""Decodes images: whether bytes are a complete image, and in which format."""

import io
import struct
import warnings
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from PIL import Image, UnidentifiedImageError

from pipeline_lib.images.gif import has_one_frame

# The formats to open, with their name suffixes. Pillow opens more, but some through other programs (EPS) or by
# so weak a signature that any bytes could pass (TGA).
FORMATS = {
    "JPEG": {".jpg", ".jpeg", ".jfif"},
    "MPO": {".jpg", ".jpeg", ".jfif", ".mpo"},
    "PNG": {".png", ".apng"},
    "GIF": {".gif"},
    "WEBP": {".webp"},
    "BMP": {".bmp", ".dib"},
    "TIFF": {".tif", ".tiff"},
    "AVIF": {".avif"},
    "JPEG2000": {".jp2", ".j2k"},
    "PPM": {".ppm", ".pgm", ".pbm", ".pnm"},
}
OPENED = tuple(name for name in FORMATS if name != "MPO")  # Pillow itself detects that a JPEG is MPO
ONE_FRAME = {"JPEG", "BMP", "PPM", "JPEG2000"}  # formats of Pillow without frames; it calls a JPEG of several MPO
ANIMATED_PNG = b"acTL"  # the chunk with the number of frames
NEVER_OPENED = {".heic", ".heif", ".svg", ".ico", ".tga", ".psd", ".eps"}  # image formats
SUFFIXES = frozenset(NEVER_OPENED.union(*FORMATS.values()))

# The first bytes of the commonest formats.
SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"RIFF")

PIXEL_LIMIT = 89_478_485  # Pillow's default: a third of a GiB in memory
BYTE_LIMIT = 500_000_000  # of a file

# What Pillow's decoders raise on hostile bytes: fuzzing raised the first four, any parser may raise the others.
DECODER_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    RuntimeError,
    EOFError,
    MemoryError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True)
class Seen:
    """The properties of a decoded file: Pillow's format and mode, stored size in pixels, frames."""

    format: str
    mode: str
    width: int
    height: int
    frames: int


class UnreadableImageError(Exception):
    """The bytes are not a complete image; the message has a general reason, then the details in brackets."""


@contextmanager
def decoding(what: str) -> Iterator[None]:
    """Turn what Pillow raises on hostile bytes into UnreadableImageError, and silence its warnings."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Image.DecompressionBombError as error:
        raise UnreadableImageError(f"enormous ({error})") from error
    except DECODER_ERRORS as error:
        raise UnreadableImageError(f"{what} ({type(error).__name__}: {str(error)[:150]})") from error


def is_image(path: Path) -> bool:
    """Return whether a file is an image by its suffix, or by its first bytes."""
    if path.suffix.lower() in SUFFIXES:
        return True
    with path.open("rb") as file:
        start = file.read(12)
    return start.startswith(SIGNATURES) and (not start.startswith(b"RIFF") or start.endswith(b"WEBP"))


def seen(image: Image.Image, data: bytes) -> Seen:
    """Return the properties of `data`, of which `image` is the decoded first frame."""
    one = image.format in ONE_FRAME or (image.format == "PNG" and ANIMATED_PNG not in data) or has_one_frame(data)
    frames = 1 if one else _frames(data)
    return Seen(str(image.format), image.mode, image.width, image.height, frames)


def open_image(data: bytes) -> Image.Image:
    """Return the decoded first frame; raise UnreadableImageError with the reason if it cannot be decoded."""
    if not data:
        raise UnreadableImageError("empty file")
    image = _opened(data)
    if image.width * image.height > PIXEL_LIMIT:
        size = f"{image.width} x {image.height} pixels"
        raise UnreadableImageError(f"enormous ({size}; at most {PIXEL_LIMIT:,} pixels are read)")
    with decoding("cut off or damaged"):
        image.load()
    return image


def _opened(data: bytes) -> Image.Image:
    with decoding("cut off or damaged"):
        try:
            return Image.open(io.BytesIO(data), formats=OPENED)
        except UnidentifiedImageError as error:
            what = "cut off or damaged" if data.startswith(SIGNATURES) else "no image of a known format"
            raise UnreadableImageError(f"{what} (begins with {data[:16]!r})") from error


def _frames(data: bytes) -> int:
    """Return the number of frames, without decoding them; frames after a damaged one are not counted."""
    image = _opened(data)
    try:
        with decoding("frames"):
            return int(getattr(image, "n_frames", 1))
    except UnreadableImageError:
        return 1
