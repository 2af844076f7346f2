"""The images of rows or questions: their names by dataset, and their sources."""

from typing import Iterable, Mapping

NO_IMAGE = "no image"

Prefixes = Mapping[str, str]  # of each dataset: its prefix to image names in tables and questions


def source_of(path: str | None, prefixes: Prefixes) -> str:
    """Return the source of an image: its longest prefix and the first folder after that."""
    if path is None:
        return NO_IMAGE
    prefix = max((prefix for prefix in prefixes.values() if path.startswith(prefix)), key=len, default="")
    folder, slash, _ = path.removeprefix(prefix).partition("/")
    return prefix + (folder if slash else "")


def names_by_dataset(paths: Iterable[str], prefixes: Prefixes) -> dict[str, list[str]]:
    """Return the sorted names of the images in every dataset whose prefix they have.

    If several datasets have the same prefix, each gets the name: only their sources show which one holds the image.
    """
    used = sorted(set(paths))
    return {
        dataset: [path.removeprefix(prefix) for path in used if path.startswith(prefix)]
        for dataset, prefix in prefixes.items()
    }
