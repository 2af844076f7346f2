"""File formats of the scenes, as mixed as in a real download; a scene's number decides its format.

The pixel rule `llava` reads the same scene from every file, except for the losses of JPEG, WebP and one-bit images.
"""

import io
from typing import Any, Callable

from PIL import ExifTags, Image

# Name suffixes and formats, repeated for every forty scenes: most are plain JPEG. A format is a key of WRITERS.
JPEG = ("jpg", "jpeg")
CYCLE = (
    *(JPEG, ("jpg", "misnamed_gif"), ("png", "grey_png"), JPEG, ("gif", "gif")),
    *(JPEG, ("png", "rgba_png"), JPEG, JPEG, ("webp", "webp")),
    *(JPEG, ("jpg", "cmyk_jpeg"), ("png", "palette_png"), JPEG, JPEG),
    *(("jpg", "turned_jpeg"), JPEG, ("bmp", "bmp"), JPEG, ("png", "grey_alpha_png")),
    *(JPEG, JPEG, ("gif", "animated_gif"), JPEG, ("tif", "tiff")),
    *(JPEG, ("png", "sixteen_bit_png"), JPEG, ("jpeg", "jpeg"), ("png", "grey_png")),
    *(JPEG, ("JPG", "jpeg"), ("gif", "gif"), JPEG, ("png", "rgba_png")),
    *(JPEG, ("png", "one_bit_png"), JPEG, JPEG, ("png", "grey_png")),
)

# Scenes of the training part whose files are no valid images: truncated, empty, an HTML error page.
BROKEN: dict[int, Callable[[bytes], bytes]] = {
    7: lambda data: data[: len(data) // 2],
    23: lambda data: b"",
    37: lambda data: b"<html><body>404 Not Found</body></html>\n",
}

FRAME = 2  # pixels of transparent border in a picture with alpha
TURN = 6  # EXIF orientation: rotate by 90 degrees clockwise to display


def suffix_of(number: int) -> str:
    """Return the name suffix of a scene's file, without its dot."""
    return CYCLE[number % len(CYCLE)][0]


def write_picture(picture: Image.Image, number: int) -> bytes:
    """Return a grey picture as a file in the format of its number."""
    return WRITERS[CYCLE[number % len(CYCLE)][1]](picture)


def spoil(data: bytes, number: int) -> bytes:
    """Return the data of a scene's file in the training part: broken if the scene is in BROKEN."""
    return BROKEN[number](data) if number in BROKEN else data


def _saved(picture: Image.Image, image_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, image_format, **options)
    return buffer.getvalue()


def _with_alpha(picture: Image.Image, mode: str) -> Image.Image:
    alpha = Image.new("L", picture.size, 0)
    alpha.paste(255, (FRAME, FRAME, picture.width - FRAME, picture.height - FRAME))
    covered = picture.convert(mode)
    covered.putalpha(alpha)
    return covered


def _turned() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = TURN
    return exif.tobytes()


def _palette_png(picture: Image.Image) -> bytes:
    """Write the picture with a palette whose last colour, white, is transparent."""
    return _saved(picture.convert("P"), "PNG", transparency=255)


def _animated_gif(picture: Image.Image) -> bytes:
    """Write the picture and, as second frame, its negative."""
    return _saved(picture, "GIF", save_all=True, append_images=[picture.point(lambda value: 255 - value)], duration=200)


def _sixteen_bit_png(picture: Image.Image) -> bytes:
    """Write the grey levels 0…255 in 16 bits: the rule `llava` clips at 255, so larger values would all be white."""
    return _saved(picture.convert("I").convert("I;16"), "PNG")


def _one_bit_png(picture: Image.Image) -> bytes:
    return _saved(picture.point(lambda value: 255 * (value >= 128)).convert("1"), "PNG")


WRITERS: dict[str, Callable[[Image.Image], bytes]] = {
    "jpeg": lambda picture: _saved(picture.convert("RGB"), "JPEG", quality=95),
    "cmyk_jpeg": lambda picture: _saved(picture.convert("RGB").convert("CMYK"), "JPEG", quality=95),
    "turned_jpeg": lambda picture: _saved(picture.convert("RGB"), "JPEG", quality=95, exif=_turned()),
    "grey_png": lambda picture: _saved(picture, "PNG"),
    "rgba_png": lambda picture: _saved(_with_alpha(picture, "RGB"), "PNG"),
    "grey_alpha_png": lambda picture: _saved(_with_alpha(picture, "L"), "PNG"),
    "palette_png": _palette_png,
    "sixteen_bit_png": _sixteen_bit_png,
    "one_bit_png": _one_bit_png,
    "gif": lambda picture: _saved(picture, "GIF"),
    "misnamed_gif": lambda picture: _saved(picture, "GIF"),
    "animated_gif": _animated_gif,
    "webp": lambda picture: _saved(picture.convert("RGB"), "WEBP", quality=95),
    "bmp": lambda picture: _saved(picture, "BMP"),
    "tiff": lambda picture: _saved(picture, "TIFF"),
}
