"""Finds the path in an index that is most similar to a missing path, and how the two differ."""

import posixpath
import unicodedata
from collections import Counter
from itertools import islice
from typing import Callable, Iterable
from urllib.parse import unquote

MOST_COMPARED = 50  # paths with the same file name: a million of them must cost no more
SHOWN_FOLDERS = 5


def _written(path: str) -> str:
    return posixpath.normpath(unquote(path).strip().replace("\\", "/")).lstrip("/")


def _unicode_form(path: str) -> str:
    return unicodedata.normalize("NFC", path)


def _without_suffix(path: str) -> str:
    return posixpath.splitext(path)[0]


SUFFIX = "other suffix"

# The differences between two names of one file, and the functions that remove them, in this order.
ASPECTS: dict[str, Callable[[str], str]] = {
    "written otherwise (`./`, slashes, blanks, escapes)": _written,
    "other Unicode form": _unicode_form,
    "other case": str.casefold,
    SUFFIX: _without_suffix,
}


class NearestPaths:
    """The paths of an index, for look-ups that ignore notation, Unicode form, case, suffix and folders."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_key: dict[str, list[str]] = {}
        self._by_name: dict[str, list[str]] = {}
        for path in paths:
            key = _key(path)
            self._by_key.setdefault(key, []).append(path)
            self._by_name.setdefault(posixpath.basename(key), []).append(path)

    def nearest(self, path: str) -> str | None:
        """Return the path that is most similar to `path`, None if no file has its name."""
        key = _key(path)
        parts = key.split("/")
        for first in range(len(parts)):
            candidates = self._by_key.get("/".join(parts[first:]))
            if candidates:
                return min(islice(candidates, MOST_COMPARED), key=lambda candidate: len(differences(path, candidate)))
        candidates = self._by_name.get(parts[-1], [])
        return max(
            islice(candidates, MOST_COMPARED), key=lambda candidate: _equal_end(key, _key(candidate)), default=None
        )

    def hint(self, path: str) -> str:
        """Return the nearest path and its differences, such as `there is 1.jpg: other case`; empty without one."""
        nearest = self.nearest(path)
        return "" if nearest is None else f"there is {nearest}: {', '.join(differences(path, nearest))}"


def differences(path: str, other: str) -> list[str]:
    """Return the differences between two paths with the same file name."""
    same_suffix = posixpath.splitext(path)[1].casefold() == posixpath.splitext(other)[1].casefold()
    aspects = [name for name in ASPECTS if not (same_suffix and name == SUFFIX)]
    part: Callable[[str], str] = str if _key(path) == _key(other) else posixpath.basename
    ignored = {name: [aspect for aspect in aspects if aspect != name] for name in aspects}
    differing = [name for name, others in ignored.items() if part(_key(path, others)) != part(_key(other, others))]
    return differing if part is str else [*differing, _other_folder(path, other)]


def first_folders(paths: Iterable[str]) -> str:
    """Return how many paths begin with which folder, the most frequent first: `coco/ 3, (no folder) 1`."""
    counts = Counter(f"{folder}/" if slash else "(no folder)" for folder, slash, _ in (p.partition("/") for p in paths))
    frequent = [f"{folder} {count:,}" for folder, count in counts.most_common(SHOWN_FOLDERS)]
    more = [f"{len(counts) - SHOWN_FOLDERS} more folders"] if len(counts) > SHOWN_FOLDERS else []
    return ", ".join([*frequent, *more])


def _key(path: str, aspects: Iterable[str] = ASPECTS) -> str:
    """Return a path with some of its aspects removed."""
    for name in aspects:
        path = ASPECTS[name](path)
    return path


def _equal_end(first: str, second: str) -> int:
    """Return how many trailing parts of two paths are equal."""
    pairs = list(zip(reversed(first.split("/")), reversed(second.split("/")), strict=False))
    return next((count for count, (part, counterpart) in enumerate(pairs) if part != counterpart), len(pairs))


def _other_folder(path: str, other: str) -> str:
    """Return how the folders of two paths differ."""
    row, index = posixpath.dirname(_written(path)), posixpath.dirname(_written(other))
    if not index or row.endswith(f"/{index}"):
        prefix = row.removesuffix(index) if index else f"{row}/"
        return f"a dataset with `prefix: {prefix}` would match"
    if not row or index.endswith(f"/{row}"):
        return f"{index.removesuffix(row)}{'' if row else '/'} is not in the row's path"
    return "other folder"
