"""Finds readable images that may show nothing: one tone, fully transparent, or with few bits used."""

from typing import cast

from PIL import Image

from pipeline_lib.images.pixels import DEEP, FULL_RANGE, is_deep

NARROW = 16  # largest range of tones, of 256, that counts as one tone
CLIPPED = 0.5  # share of pixels clipped to white above which most of the image is lost


def doubts(image: Image.Image, pixels: Image.Image) -> list[str]:
    """Return why the RGB `pixels` of a decoded image may show nothing, such as `nearly black`; usually empty.

    An image of one tone may be intended: it is counted and listed, and kept.
    """
    reasons = [_bits(image) if is_deep(image) else "", _transparent(image), _tone(pixels), _clipped(image, pixels)]
    return [reason for reason in reasons if reason]


def _tone(pixels: Image.Image) -> str:
    ranges = cast(tuple[tuple[int, int], ...], pixels.getextrema())  # of three channels
    low, high = min(pair[0] for pair in ranges), max(pair[1] for pair in ranges)
    widest = max(pair[1] - pair[0] for pair in ranges)
    if widest > NARROW:
        return ""
    if widest == 0:
        return {0: "all black", 255: "all white"}.get(low if low == high else -1, "one tone")
    return "nearly " + ("black" if high <= NARROW else "white" if low >= 255 - NARROW else "one tone")


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
    """Return the doubt if a deep image is mostly but not all white, as after clipping."""
    if not is_deep(image):
        return ""
    white = pixels.getchannel(0).histogram()[255] / (pixels.width * pixels.height)  # its channels are equal
    return "mostly white" if CLIPPED < white < 1 else ""
