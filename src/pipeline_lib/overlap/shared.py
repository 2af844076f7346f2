"""The shared_images stage: the images of a table that a benchmark shows, so that a subset can leave them out."""

from typing import Any

from pipeline_lib.overlap.asked import Asked
from pipeline_lib.overlap.images import SeenImage, image_matches
from pipeline_lib.overlap.prints import Prints


def shared_images(asked: Asked, table: Prints, benchmark: Prints) -> list[dict[str, Any]]:
    """Return the images of a table that equal or resemble one of a benchmark's, by their pins.

    Each has the kind of overlap, the benchmark's image, and how many of 64 bits of their looks differ.
    """
    first: dict[str, SeenImage] = {}
    for path, pin in asked.pins.items():
        first.setdefault(pin, SeenImage(path, pin, 0))
    matches = image_matches(sorted(table), list(first.values()), {**benchmark, **table}, asked.near)
    return [
        {"pin": pin, "kind": match.kind, "image": match.seen.path, "distance": match.distance}
        for pin, match in matches.items()
    ]
