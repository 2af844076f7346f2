"""Decides whether an image is kept, converted to JPEG, or quarantined, and gives the reason."""

import io
from dataclasses import dataclass
from typing import Any, Literal

from PIL import Image
from pydantic import Field, model_validator

from pipeline_lib.core.settings import Settings
from pipeline_lib.images.decode import FORMATS, UnreadableImageError, decoding, open_image, seen
from pipeline_lib.images.doubts import doubts
from pipeline_lib.images.pixels import ANY, PixelRule, Pixels, effects

JPEG_SIDE = 65_500  # pixels that libjpeg writes at most


class ConvertSettings(Settings):
    """How the images of a dataset are converted."""

    to: Literal["jpeg", "keep"] = Field(
        description="jpeg: other formats are converted (training sets); keep: the original bytes are read (benchmarks)"
    )
    pixels: PixelRule = Field(
        default="llava",
        description="llava: as in the original, alpha dropped, 16 bits clipped, EXIF orientation ignored; "
        "clean: turned upright, alpha on white, 16 bits scaled",
    )
    quality: int = Field(
        default=95, ge=1, le=100, description="JPEG quality of converted images; no chroma subsampling"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_one_word(cls, value: Any) -> Any:
        """Accept `convert: jpeg` for `convert: {to: jpeg}`."""
        return {"to": value} if isinstance(value, str) else value


@dataclass(frozen=True)
class Converted:
    """The verdict on one raw image, and the new bytes if it was converted; `size` is that of its RGB pixels.

    `doubt` is why a readable image may show nothing; the reason includes it.
    """

    status: Literal["kept", "converted", "quarantined"]
    reason: str
    pixels: str = ""
    size: tuple[int, int] = (0, 0)
    frames: int = 0
    data: bytes | None = None
    doubt: str = ""


def convert_image(data: bytes, suffix: str | None, settings: ConvertSettings) -> Converted:
    """Return the verdict on an image with these bytes; `suffix` is its file's, None for an image from a table."""
    try:
        image = open_image(data)
        pixels = Pixels(image, settings.pixels)
        decoded, done = seen(image, data), effects(image, settings.pixels)
        doubtful = doubts(image, pixels)
        details = ", ".join(_label(decoded.format, suffix) + done + doubtful + _several(decoded.frames))
        doubt = ", ".join(doubtful)
        of_jpeg = decoded.format in ("JPEG", "MPO") and (settings.pixels == "llava" or not done)
        if settings.to == "keep" or of_jpeg:
            rule = settings.pixels if done else ANY
            return Converted("kept", f"{decoded.format}{details}", rule, pixels.size, decoded.frames, doubt=doubt)
        jpeg = _jpeg(pixels.whole, settings.quality)
        return Converted(
            "converted", f"{decoded.format} {decoded.mode}{details}", ANY, pixels.size, decoded.frames, jpeg, doubt
        )
    except UnreadableImageError as error:
        return Converted("quarantined", str(error))


def _label(image_format: str, suffix: str | None) -> list[str]:
    if suffix is None or suffix in FORMATS[image_format]:
        return [""]
    return ["", f"named {suffix}" if suffix else "without a suffix"]


def _several(frames: int) -> list[str]:
    return [f"several frames (the first of {frames})"] if frames > 1 else []


def _jpeg(image: Image.Image, quality: int) -> bytes:
    if max(image.size) > JPEG_SIDE:
        size = f"{image.width} x {image.height} pixels"
        raise UnreadableImageError(f"too long for a JPEG ({size}; at most {JPEG_SIDE:,} a side)")
    buffer = io.BytesIO()
    with decoding("cannot be written as JPEG"):
        image.save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()
