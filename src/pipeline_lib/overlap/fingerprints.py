"""The fingerprint stage: compute the digests of images by which the overlap stage finds equal and similar ones."""

from pathlib import Path

import imagehash
from PIL import Image

from pipeline_lib.core.digests import digest_bytes
from pipeline_lib.images.index import read_index
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.overlap.prints import Fingerprint


def fingerprints(index: Path) -> list[Fingerprint]:
    """Return the fingerprints of the usable images in an index, each once, in the order of their pins."""
    images = ImageReader([index])
    different = {(row.pin, row.source_sha256): row for row in read_index(index) if row.path in images}
    return [
        Fingerprint(pin, source, pixels_digest(image), look(image))
        for (pin, source), row in sorted(different.items())
        for image in [images.open(row.path, pin)]
    ]


def pixels_digest(image: Image.Image) -> str:
    """Return the sha256 of the width, the height and the pixels of an RGB image."""
    return digest_bytes(f"{image.width}x{image.height}:".encode() + image.tobytes())


def look(image: Image.Image) -> str:
    """Return the perceptual hash: 64 bits as 16 hexadecimal digits.

    imagehash 4.3.2, `phash` with its defaults: the lowest 8 x 8 frequencies of the image in grey at 32 x 32, each
    compared with their median.
    """
    return str(imagehash.phash(image))
