"""A rehearsal's choice of a table's rows: each source of images, and the rows without an image, by its share."""

from typing import Any, Iterable

from pydantic import Field

from pipeline_lib.conversations.labelled import image_names, labelled_rows
from pipeline_lib.conversations.tabulate import records
from pipeline_lib.conversations.text_faults import text_fault
from pipeline_lib.core.settings import Settings
from pipeline_lib.job.manifest import Manifest, raw_files, raw_path
from pipeline_lib.rehearsal.chosen import Choice
from pipeline_lib.rehearsal.images import names_by_dataset, source_of
from pipeline_lib.rehearsal.order import Group, taken


class RowsSettings(Settings):
    """The settings of one job that chooses rows."""

    file: str | None
    question: str | None = Field(default=None, exclude_if=lambda question: question is None)
    rows: int | None = Field(description="how many to take; None: all, for the images that they use")
    seed: int
    images: dict[str, str] = Field(description="the prefix of every dataset that holds images of the table")


def choose_rows(raws: Iterable[dict[str, Any]], settings: RowsSettings) -> Choice:
    """Return the numbers of the chosen rows, and the images that they use by dataset."""
    images = [_images(raw) for raw in raws]
    groups = [Group(str(row), source_of(next(iter(paths), None), settings.images)) for row, paths in enumerate(images)]
    rows = sorted(int(group.name) for group in taken(groups, settings.rows, settings.seed))
    used = (path for row in rows for path in images[row])
    return {"rows": rows, "images": names_by_dataset(used, settings.images)}


def rows_of(shards: list[Manifest], settings: RowsSettings) -> Iterable[dict[str, Any]]:
    """Return the rows of the source file in a dataset's raw shards, or those about its images."""
    if settings.question is None:
        return records(raw_path(shards, str(settings.file)))
    paths = [path for prefix in settings.images.values() for path in image_names(raw_files(shards), prefix)]
    return labelled_rows(paths, settings.question)


def _images(raw: dict[str, Any]) -> list[str]:
    """Return the images that a row names; the tabulate stage rejects invalid names."""
    image = raw.get("image")
    paths = image if isinstance(image, list) else [image]
    return [path for path in paths if isinstance(path, str) and not text_fault(path)]
