"""Image files of every kind that a download brings, made on the spot."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import ExifTags, Image

WIDTH, HEIGHT = 24, 16


def picture(mode: str = "RGB", size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image.Image:
    """Return a picture that is not its own turn: a gradient in each channel."""
    across = np.linspace(0, 255, size[0])[None, :].repeat(size[1], axis=0)
    down = np.linspace(255, 40, size[1])[:, None].repeat(size[0], axis=1)
    red, green, blue, alpha = (
        Image.fromarray(channel.astype(np.uint8)) for channel in (across, down, (across + down) / 2, across[:, ::-1])
    )
    if mode in ("RGBA", "LA", "PA"):
        covered = Image.merge("RGBA", (red, green, blue, alpha))
        return covered if mode == "RGBA" else covered.convert("LA").convert(mode)
    if mode.startswith("I;16") or mode == "I":
        deep = Image.fromarray((across * 257).astype(np.uint16))
        return deep if mode == "I;16" else deep.convert("I") if mode == "I" else deep.convert("I").convert(mode)
    if mode == "F":
        return Image.fromarray((across / 255).astype(np.float32))
    if mode == "LAB":
        return Image.merge("LAB", (red, green, blue))
    return Image.merge("RGB", (red, green, blue)).convert(mode)


def encoded(image_format: str, mode: str = "RGB", turn: int = 1, **options: Any) -> bytes:
    """Return the picture as a file."""
    buffer = io.BytesIO()
    if turn != 1:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = turn
        options["exif"] = exif.tobytes()
    picture(mode).save(buffer, image_format, **options)
    return buffer.getvalue()


def animated(image_format: str = "GIF", frames: int = 2) -> bytes:
    """Return a file of several frames, of which the first is the picture."""
    others = [picture().point(lambda value, n=n: (value + 50 * n) % 256) for n in range(1, frames)]
    return encoded(image_format, save_all=True, append_images=others)


def huge_png(width: int, height: int) -> bytes:
    """Return a PNG that says it is huge, and holds nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


# Readable files, by name.
READABLE = {
    "plain.jpg": encoded("JPEG"),
    "grey.jpeg": encoded("JPEG", "L"),
    "cmyk.jpg": encoded("JPEG", "CMYK"),
    "turned.jpg": encoded("JPEG", turn=6),
    "pair.jpg": animated("MPO"),
    "upper.JPG": encoded("JPEG"),
    "no_suffix": encoded("JPEG"),
    "gif_named.jpg": encoded("GIF", "P"),
    "jpeg_named.png": encoded("JPEG"),
    "deep/down/grey.png": encoded("PNG", "L"),
    "grey_alpha.png": encoded("PNG", "LA"),
    "alpha.png": encoded("PNG", "RGBA"),
    "turned_alpha.png": encoded("PNG", "RGBA", turn=8),
    "palette.png": encoded("PNG", "P"),
    "palette_transparent.png": encoded("PNG", "P", transparency=bytes(range(0, 256))),
    "colour_key.png": encoded("PNG", "L", transparency=128),
    "sixteen.png": encoded("PNG", "I;16"),
    "one_bit.png": encoded("PNG", "1"),
    "animated.gif": animated(),
    "animated.webp": animated("WEBP", 3),
    "animated.png": animated("PNG"),
    "pages.tif": animated("TIFF", 4),
    "float.tif": encoded("TIFF", "F"),
    "integer.tif": encoded("TIFF", "I"),
    "big_endian.tif": encoded("TIFF", "I;16B"),
    "lab.tif": encoded("TIFF", "LAB"),
    "cmyk.tif": encoded("TIFF", "CMYK"),
    "ycbcr.tif": encoded("TIFF", "YCbCr"),
    "turned.tif": encoded("TIFF", turn=6),
    "alpha.webp": encoded("WEBP", "RGBA"),
    "plain.bmp": encoded("BMP"),
    "deep.pgm": encoded("PPM", "I"),
    "plain.jp2": encoded("JPEG2000"),
    "plain.avif": encoded("AVIF"),
    "a b'c\"ö図\n.png": encoded("PNG"),
    f"{'long' * 40}/{'longer' * 40}.png": encoded("PNG"),
}

# Files that cannot, with what a person is told.
UNREADABLE = {
    "empty.jpg": (b"", "empty file"),
    "cut.jpg": (encoded("JPEG")[:-40], "cut off or damaged"),
    "cut.png": (encoded("PNG")[:-40], "cut off or damaged"),
    "cut_head.png": (encoded("PNG")[:20], "cut off or damaged"),
    "cut.gif": (encoded("GIF")[:100], "cut off or damaged"),
    "page.jpg": (b"<html>not found</html>", "no image of a known format (begins with b'<html>not found<')"),
    "vector.svg": (b"<svg/>", "no image of a known format"),
    "script.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no image of a known format"),
    "large.png": (huge_png(10_000, 9_000), "enormous (10000 x 9000 pixels; at most 89,478,485 pixels are read)"),
    "bomb.png": (huge_png(100_000, 100_000), "enormous (Image size (10000000000 pixels)"),
}
