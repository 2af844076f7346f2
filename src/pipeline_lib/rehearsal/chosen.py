"""The choices of a rehearsal: rows of a table or questions of a benchmark, and the images that they use.

Each choice is a small file with a manifest. It lists images by dataset, with their names in the dataset's source.
"""

from typing import Any, Literal

from pipeline_lib.core.fields import field
from pipeline_lib.core.text import read_object
from pipeline_lib.job.manifest import Manifest

Choice = dict[str, Any]  # `rows` or `questions`, and `images` by dataset


def chosen(choices: list[Manifest], what: Literal["rows", "questions"]) -> set[Any] | None:
    """Return the numbers of the chosen rows or the ids of the chosen questions; None, for all, without a choice."""
    return {item for choice in choices for item in field(_read(choice), what, list, choice.path)} if choices else None


def chosen_images(choices: list[Manifest], dataset: str) -> set[str] | None:
    """Return the names of a dataset's images that the choices use; None, for all, without a choice."""
    return {name for choice in choices for name in _read(choice)["images"].get(dataset, [])} if choices else None


def _read(choice: Manifest) -> Choice:
    path = choice.only_file()
    content = read_object(path)
    field(content, "images", dict, path)
    return content
