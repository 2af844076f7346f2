"""Finds readable images that may show nothing: one tone, fully transparent, or with few bits used."""

from typing import cast

import numpy as np
from PIL import Image

from pipeline_lib.images.pixels import DEEP, FULL_RANGE, is_deep

NARROW = 16  # largest range of tones, of 256, that counts as one tone
MIDDLE = 64  # pixels: the side of the part in the middle that comes first
CLIPPED = 0.5  # share of clipped pixels above which most of the image is lost
MARKS = 0.01  # share of a deep image's brightest and of its darkest pixels that do not count: burnt-in text, faults


def doubts(image: Image.Image, pixels: Image.Image) -> list[str]:
    """Return why the RGB `pixels` of a decoded image may show nothing, such as `nearly black`; usually empty.

    An image of one tone may be intended: it is counted and listed, and kept.
    """
    reasons = [
        _bits(image) if is_deep(image) else "",
        _transparent(image),
        _tone(image, pixels),
        _clipped(image, pixels),
    ]
    return [reason for reason in reasons if reason]


def _tone(image: Image.Image, pixels: Image.Image) -> str:
    start = ((pixels.width - MIDDLE) // 2, (pixels.height - MIDDLE) // 2)
    if not is_deep(image) and min(start) > 0:  # a part with several tones decides for the whole
        part = pixels.crop((*start, start[0] + MIDDLE, start[1] + MIDDLE))
        if _widest(_ranges(part)) > NARROW:
            return ""
    ranges = _ranges(pixels)
    low, high = min(pair[0] for pair in ranges), max(pair[1] for pair in ranges)
    widest = _widest(ranges)
    if widest > NARROW:
        return _tone_but_for_marks(pixels) if is_deep(image) else ""
    if widest == 0:
        return {0: "all black", 255: "all white"}.get(low if low == high else -1, "one tone")
    return _nearly(low, high)


def _ranges(pixels: Image.Image) -> tuple[tuple[int, int], ...]:
    return cast(tuple[tuple[int, int], ...], pixels.getextrema())  # of three channels


def _widest(ranges: tuple[tuple[int, int], ...]) -> int:
    return max(high - low for low, high in ranges)


def _nearly(low: int, high: int) -> str:
    return "nearly " + ("black" if high <= NARROW else "white" if low >= 255 - NARROW else "one tone")


def _tone_but_for_marks(pixels: Image.Image) -> str:
    """Return the doubt if few pixels are brighter or darker than all others, which have one tone."""
    counts = np.cumsum(pixels.getchannel(0).histogram()) / (pixels.width * pixels.height)  # its channels are equal
    low, high = int(np.searchsorted(counts, MARKS)), int(np.searchsorted(counts, 1 - MARKS))
    return f"{_nearly(low, high)} but for a few pixels" if high - low <= NARROW else ""


def _bits(image: Image.Image) -> str:
    """Return how many of 16 bits a deep image uses, if the highest bits are unused."""
    if image.mode in DEEP[1:]:
        return ""
    low, high = cast(tuple[int, int], image.convert("I").getextrema())
    bits = high.bit_length()
    return f"uses {bits} of 16 bits" if low >= 0 and 0 < bits < FULL_RANGE.bit_length() else ""


def _transparent(image: Image.Image) -> str:
    if not image.has_transparency_data or is_deep(image):
        return ""
    return "" if image.convert("RGBA").getchannel("A").getbbox() else "fully transparent"


def _clipped(image: Image.Image, pixels: Image.Image) -> str:
    """Return the doubt if a deep image is mostly but not all white, or negative and therefore black, by clipping."""
    if not is_deep(image):
        return ""
    tones = np.asarray(pixels.getchannel(0))  # its channels are equal
    negative = np.asarray(image if image.mode == "F" else image.convert("I")) < 0
    white, black = float(np.mean(tones == 255)), float(np.mean((tones == 0) & negative))
    if CLIPPED < white < 1:
        return "mostly white"
    return "mostly clipped" if white + black > CLIPPED and max(white, black) < 1 else ""
