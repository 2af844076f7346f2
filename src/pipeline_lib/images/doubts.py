"""Finds readable images that may show nothing: one tone, fully transparent, or with few bits used."""

from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline_lib.images.pixels import DEEP, FULL_RANGE, Pixels, is_deep

NARROW = 16  # largest range of tones, of 256, that counts as one tone
DIRECT = "I;16"  # the deep mode whose extremes Pillow finds without a conversion
MIDDLE = 64  # pixels: the side of the part in the middle that comes first
CLIPPED = 0.5  # share of clipped pixels above which most of the image is lost
MARKS = 0.01  # share of a deep image's brightest and of its darkest pixels that do not count: burnt-in text, faults


def doubts(image: Image.Image, pixels: Pixels) -> list[str]:
    """Return why the RGB `pixels` of a decoded image may show nothing, such as `nearly black`; usually empty.

    An image of one tone may be intended: it is counted and listed, and kept.
    """
    if is_deep(image):
        tones = np.array(pixels.whole.getchannel(0).histogram())  # its channels are equal
        reasons = [_bits(image), _tone_of_deep(tones), _clipped(image, tones, pixels)]
    else:
        reasons = [_transparent(image), _tone(pixels)]
    return [reason for reason in reasons if reason]


def _tone(pixels: Pixels) -> str:
    left, upper = ((side - MIDDLE) // 2 for side in pixels.size)
    if min(left, upper) > 0:  # a part with several tones decides for the whole
        part = pixels.part((left, upper, left + MIDDLE, upper + MIDDLE))
        if _widest(_ranges(part)) > NARROW:
            return ""
    ranges = _ranges(pixels.whole)
    low, high = min(pair[0] for pair in ranges), max(pair[1] for pair in ranges)
    widest = _widest(ranges)
    return "" if widest > NARROW else _one_tone(low, high, widest)


def _tone_of_deep(tones: NDArray[np.int64]) -> str:
    """Return the doubt about a deep image, from how many pixels have each of 256 tones."""
    low, high = np.flatnonzero(tones)[[0, -1]].tolist()
    return _tone_but_for_marks(tones) if high - low > NARROW else _one_tone(low, high, high - low)


def _one_tone(low: int, high: int, widest: int) -> str:
    if widest == 0:
        return {0: "all black", 255: "all white"}.get(low if low == high else -1, "one tone")
    return _nearly(low, high)


def _ranges(pixels: Image.Image) -> tuple[tuple[int, int], ...]:
    return cast(tuple[tuple[int, int], ...], pixels.getextrema())  # of three channels


def _widest(ranges: tuple[tuple[int, int], ...]) -> int:
    return max(high - low for low, high in ranges)


def _nearly(low: int, high: int) -> str:
    return "nearly " + ("black" if high <= NARROW else "white" if low >= 255 - NARROW else "one tone")


def _tone_but_for_marks(tones: NDArray[np.int64]) -> str:
    """Return the doubt if few pixels are brighter or darker than all others, which have one tone."""
    counts = np.cumsum(tones) / tones.sum()
    low, high = int(np.searchsorted(counts, MARKS)), int(np.searchsorted(counts, 1 - MARKS))
    return f"{_nearly(low, high)} but for a few pixels" if high - low <= NARROW else ""


def _bits(image: Image.Image) -> str:
    """Return how many of 16 bits a deep image uses, if the highest bits are unused."""
    if image.mode in DEEP[1:]:
        return ""
    whole = image if image.mode == DIRECT else image.convert("I")
    low, high = cast(tuple[int, int], whole.getextrema())
    bits = high.bit_length()
    return f"uses {bits} of 16 bits" if low >= 0 and 0 < bits < FULL_RANGE.bit_length() else ""


def _transparent(image: Image.Image) -> str:
    if not image.has_transparency_data:
        return ""
    return "" if image.convert("RGBA").getchannel("A").getbbox() else "fully transparent"


def _clipped(image: Image.Image, tones: NDArray[np.int64], pixels: Pixels) -> str:
    """Return the doubt if a deep image is mostly but not all white, or negative and therefore black, by clipping."""
    white = float(tones[255] / tones.sum())
    if CLIPPED < white < 1:
        return "mostly white"
    black = 0.0 if image.mode.startswith("I;16") else _negative(image, pixels)
    return "mostly clipped" if white + black > CLIPPED and max(white, black) < 1 else ""


def _negative(image: Image.Image, pixels: Pixels) -> float:
    """Return the share of pixels that are black because their values are negative; those of 16 bits are not."""
    values = np.asarray(image if image.mode == "F" else image.convert("I"))
    return float(np.mean((np.asarray(pixels.whole.getchannel(0)) == 0) & (values < 0)))
