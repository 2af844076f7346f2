"""What makes a picture doubtful that can be read: the rule leaves one tone of it, or few of its bits are used."""

from typing import cast

from PIL import Image

from pipeline_lib.images.pixels import DEEP, FULL_RANGE, is_deep

NARROW = 16  # tones of 256 that are nearly one
CLIPPED = 0.5  # share of the pixels that are clipped to white: most of the picture is lost


def doubts(image: Image.Image, pixels: Image.Image) -> list[str]:
    """Return why the RGB `pixels` of a decoded image may show nothing, such as `nearly black`; empty for most.

    A picture that shows one tone may be meant: it is counted and listed, and kept.
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
    """Return how many bits of 16 a deep image uses, where that leaves the uppermost unused."""
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
    """Return whether a deep image is mostly white, which it is by clipping alone where its own values differ."""
    if not is_deep(image):
        return ""
    white = pixels.getchannel(0).histogram()[255] / (pixels.width * pixels.height)  # its channels are equal
    return "mostly white" if CLIPPED < white < 1 else ""
