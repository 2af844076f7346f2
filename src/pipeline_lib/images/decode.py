"""Decoding: whether a file is an image, of which kind, and its pixels by LLaVA's rule."""

import io
import warnings
from dataclasses import dataclass

from PIL import Image

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff"})


@dataclass(frozen=True)
class Seen:
    """What a file turned out to be: Pillow's format and mode, size in pixels, frames."""

    format: str
    mode: str
    width: int
    height: int
    frames: int


class UnreadableImageError(Exception):
    """The bytes are not a whole image; the message says why."""


def look(data: bytes) -> Seen:
    """Return what `data` is, after decoding all of its first frame; raise UnreadableImageError where that fails."""
    image = open_image(data)
    frames = int(getattr(image, "n_frames", 1))
    return Seen(str(image.format), image.mode, image.width, image.height, frames)


def open_image(data: bytes) -> Image.Image:
    """Return the decoded first frame; raise UnreadableImageError with the reason where it cannot be decoded."""
    if not data:
        raise UnreadableImageError("empty file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
            image.load()
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        MemoryError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise UnreadableImageError(
            f"{type(error).__name__}: {str(error).replace(str(io.BytesIO), 'data')}"[:200]
        ) from error
    return image


def rgb(image: Image.Image) -> Image.Image:
    """Return the image as RGB by LLaVA's rule: `convert("RGB")`, so alpha is dropped and EXIF rotation ignored.

    Source: haotian-liu/LLaVA c121f04, `llava/train/train.py` and `llava/eval/model_vqa_loader.py`.
    """
    return image if image.mode == "RGB" else image.convert("RGB")
