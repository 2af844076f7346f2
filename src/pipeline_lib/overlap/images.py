"""Which images of a benchmark are among those of a training: by bytes, by pixels, or by their look."""

from dataclasses import dataclass
from typing import Literal, Sequence

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.overlap.looks import bits, nearest
from pipeline_lib.overlap.prints import Fingerprint, Prints

Kind = Literal["bytes", "pixels", "near"]
KINDS: tuple[Kind, ...] = ("bytes", "pixels", "near")  # the strongest first


@dataclass(frozen=True)
class SeenImage:
    """An image of a training: its path and pin, and the first row that shows it."""

    path: str
    pin: str
    row: int


@dataclass(frozen=True)
class ImageMatch:
    """The training's image that an image equals or resembles most, and how many bits of their looks differ."""

    kind: Kind
    seen: SeenImage
    distance: int


def image_matches(pins: Sequence[str], seen: Sequence[SeenImage], prints: Prints, near: int) -> dict[str, ImageMatch]:
    """Return the strongest match of every image, by pin, that has one: equal bytes, equal pixels, or a like look.

    Looks are alike if at most `near` of 64 bits differ. Bytes are those of the fetched files, before any conversion. An
    image without a fingerprint raises PipelineError.
    """
    known = [(image, each) for image in seen for each in _of(prints, image.pin)]
    by_bytes = {each.source_sha256: image for image, each in reversed(known)}
    by_pixels = {each.pixels_sha256: image for image, each in reversed(known)}
    indices, distances = nearest(
        bits([_of(prints, pin)[0].look for pin in pins]), bits([each.look for _, each in known])
    )
    matches: dict[str, ImageMatch] = {}
    for pin, index, distance in zip(pins, indices, distances, strict=True):
        sources = [by_bytes[each.source_sha256] for each in _of(prints, pin) if each.source_sha256 in by_bytes]
        pixels = _of(prints, pin)[0].pixels_sha256
        if sources:
            matches[pin] = ImageMatch("bytes", sources[0], 0)
        elif pixels in by_pixels:
            matches[pin] = ImageMatch("pixels", by_pixels[pixels], 0)
        elif distance <= near:
            matches[pin] = ImageMatch("near", known[index][0], int(distance))
    return matches


def _of(prints: Prints, pin: str) -> Sequence[Fingerprint]:
    if pin not in prints:
        raise PipelineError(
            "an image has no fingerprint",
            value=pin,
            cure="delete the manifests of its dataset's fingerprints, and run again",
        )
    return prints[pin]
