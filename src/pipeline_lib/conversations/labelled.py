"""Rows about images in folders by label: one question about each, with the name of its folder as the answer."""

import posixpath
from pathlib import Path, PurePosixPath
from typing import Any, Iterable, Mapping

from pipeline_lib.images.decode import SUFFIXES
from pipeline_lib.images.index import IGNORED, read_index
from pipeline_lib.prompts.base import IMAGE

Row = dict[str, Any]


def labelled_rows(paths: Iterable[str], question: str, answers: Mapping[str, str]) -> list[Row]:
    """Return rows in LLaVA's form about images, in the order of their paths; an id is the name of the image's file.

    Images without an image's suffix come last: a rehearsal chooses rows by number before any file is opened, and
    knows the others alone.

    An answer is that of the image's folder in `answers`, or, where these are empty, the name of the folder. An image
    in no folder, or in one without an answer, has an empty one, and is rejected for it.
    """
    return [_row(path, question, answers) for path in sorted(paths, key=lambda path: (not _is_named_image(path), path))]


def _row(path: str, question: str, answers: Mapping[str, str]) -> Row:
    folder = posixpath.basename(posixpath.dirname(path))
    answer = answers.get(folder, "") if answers else folder
    turns = [{"from": "human", "value": f"{IMAGE}\n{question}"}, {"from": "gpt", "value": answer}]
    return {"id": posixpath.splitext(posixpath.basename(path))[0], "image": path, "conversations": turns}


def indexed_images(indexes: Iterable[Path]) -> list[str]:
    """Return the paths of all images in some indexes, unusable ones included."""
    return [row.path for index in indexes for row in read_index(index) if row.status != IGNORED]


def image_names(names: Iterable[str], prefixes: Iterable[str]) -> list[str]:
    """Return the names of files that look like images, with each of the prefixes: of the datasets of images."""
    images = list(filter(_is_named_image, names))
    return [prefix + name for prefix in prefixes for name in images]


def _is_named_image(path: str) -> bool:
    """Return whether a path has a suffix by which the index always has the file as an image."""
    return PurePosixPath(path).suffix.lower() in SUFFIXES
