"""A rehearsal's choice of a table's rows: each source of images, and the rows without an image, by its share."""

from typing import Any

from pydantic import Field

from pipeline_lib.conversations.source_rows import RowSource, SourceFiles, source_rows
from pipeline_lib.conversations.text_faults import text_fault
from pipeline_lib.rehearsal.chosen import Choice
from pipeline_lib.rehearsal.images import names_by_dataset, source_of
from pipeline_lib.rehearsal.order import Group, taken


class RowsSettings(RowSource):
    """The settings of one job that chooses rows."""

    rows: int | None = Field(description="how many to take; None: all, for the images that they use")
    seed: int
    images: dict[str, str] = Field(description="the prefix of every dataset that holds images of the table")


def choose_rows(files: SourceFiles, settings: RowsSettings) -> Choice:
    """Return the numbers of the chosen rows of the source, and the images that they use by dataset."""
    images = [_images(row.content) for row in source_rows(settings, files)]
    groups = [Group(str(row), source_of(next(iter(paths), None), settings.images)) for row, paths in enumerate(images)]
    rows = sorted(int(group.name) for group in taken(groups, settings.rows, settings.seed))
    used = (path for row in rows for path in images[row])
    return {"rows": rows, "images": names_by_dataset(used, settings.images)}


def _images(raw: dict[str, Any]) -> list[str]:
    """Return the images that a row names; the tabulate stage rejects invalid names."""
    image = raw.get("image")
    paths = image if isinstance(image, list) else [image]
    return [path for path in paths if isinstance(path, str) and not text_fault(path)]
