"""Rows about images in folders by label: one question about each, with the name of its folder as the answer."""

import posixpath
from pathlib import Path
from typing import Any, Iterable, Mapping

from pipeline_lib.images.index import IGNORED, read_index
from pipeline_lib.prompts.base import IMAGE

Row = dict[str, Any]

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")  # before any file was looked into


def labelled_rows(paths: Iterable[str], question: str, answers: Mapping[str, str]) -> list[Row]:
    """Return rows in LLaVA's form about images, in the order of their paths; an id is the name of the image's file.

    An answer is that of the image's folder in `answers`, or, where these are empty, the name of the folder. An image
    in no folder, or in one without an answer, has an empty one, and is rejected for it.
    """
    return [_row(path, question, answers) for path in sorted(paths)]


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
    images = [name for name in names if name.lower().endswith(SUFFIXES)]
    return [prefix + name for prefix in prefixes for name in images]
