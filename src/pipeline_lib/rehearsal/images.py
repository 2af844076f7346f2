"""Which images some rows or questions use, by dataset, and where they come from."""

from typing import Iterable, Mapping

NO_IMAGE = "no image"

Prefixes = Mapping[str, str]  # what stands before the image names of each dataset where tables and questions name them


def source_of(path: str | None, prefixes: Prefixes) -> str:
    """Return the source of an image: the longest prefix that it has, and the first folder behind it."""
    if path is None:
        return NO_IMAGE
    prefix = max((prefix for prefix in prefixes.values() if path.startswith(prefix)), key=len, default="")
    folder, slash, _ = path.removeprefix(prefix).partition("/")
    return prefix + (folder if slash else "")


def names_by_dataset(paths: Iterable[str], prefixes: Prefixes) -> dict[str, list[str]]:
    """Return the names that every dataset would give to the images, sorted.

    Which of several datasets with the same prefix holds an image, only their sources know: each gets its name.
    """
    used = sorted(set(paths))
    return {
        dataset: [path.removeprefix(prefix) for path in used if path.startswith(prefix)]
        for dataset, prefix in prefixes.items()
    }
