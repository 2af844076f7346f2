"""The tabulate stage: convert LLaVA's JSON to a validated table and two lists: rejected rows, and unread keys."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Iterator, Self

from pydantic import Field, model_validator

from pipeline_lib.conversations.row_faults import named_images, row_fault, shown
from pipeline_lib.conversations.row_keys import unused_keys
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.conversations.text_faults import escaped
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.settings import Settings
from pipeline_lib.core.text import read_json, read_lines
from pipeline_lib.core.tolerance import allowed
from pipeline_lib.images.nearest import first_folders
from pipeline_lib.images.reader import ABSENT, ImageReader


class TabulateSettings(Settings):
    """The file of the conversations, or what is asked about every image, and how many rows may be unusable."""

    file: str | None = Field(
        default=None, description="the file in the dataset: LLaVA JSON (a list) or JSONL (an object a line)"
    )
    question: str | None = Field(
        default=None,
        min_length=1,
        exclude_if=lambda question: question is None,  # the settings of the other tables stay as they were
        description="in place of a file: a row for every image of the table, with this question and the name of the "
        "image's folder as the answer, such as `3` of `3/1.png`",
    )
    unusable: float = Field(default=0.01, ge=0, le=1, description="largest share of rows that may be unusable")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.file is None) == (self.question is None):
            raise ValueError("give either file or question")
        return self


Rejected = dict[str, Any]  # row, id, image if the row names one, reason
UnusedKey = dict[str, Any]  # key, number of rows that have it, first of them


@dataclass(frozen=True)
class Tabulated:
    """The usable rows of a source file in its order, the rejected rows with reasons, and the unread keys."""

    rows: list[Conversation]
    rejected: list[Rejected]
    unused_keys: list[UnusedKey]


def tabulate(
    path: Path, images: ImageReader, chosen: set[int] | None = None, raws: Iterable[dict[str, Any]] | None = None
) -> Tabulated:
    """Return the usable and rejected rows of a source file, or of its `chosen` rows; no row raises PipelineError.

    `raws` are rows that are in no file.
    """
    rows: list[Conversation] = []
    rejected: list[Rejected] = []
    keys: dict[str, UnusedKey] = {}
    for position, raw in enumerate(records(path) if raws is None else raws):
        if chosen is not None and position not in chosen:
            continue
        for key in sorted(map(escaped, unused_keys(raw))):
            keys.setdefault(key, {"key": key, "rows": 0, "first_row": position})["rows"] += 1
        reason = row_fault(raw, images)
        if reason:
            rejected.append(_rejected(position, raw, reason, images))
        else:
            rows.append(_conversation(position, raw, images))
    if not rows and not rejected:
        raise PipelineError("this table has no rows", where=path)
    return Tabulated(rows, rejected, sorted(keys.values(), key=lambda entry: (-entry["rows"], entry["key"])))


def refusal(
    table: Tabulated, settings: TabulateSettings, sample: bool, path: Path, listing: Path
) -> PipelineError | None:
    """Return the error if more rows are unusable than the settings allow, else None; its cure names `listing`."""
    rejected, total = table.rejected, len(table.rows) + len(table.rejected)
    if len(rejected) <= allowed(settings.unusable, total, sample):
        return None
    first = rejected[0]
    absent = [row["image"] for row in rejected if row["reason"].startswith(ABSENT)]
    folders = f"; {len(absent):,} images that are in no dataset, by first folder: {first_folders(absent)}"
    return PipelineError(
        f"{len(rejected)} of {total} rows cannot be used; the study allows {settings.unusable:.2%}",
        where=path,
        value=f"row {first['row']}: {first['reason']}{folders if absent else ''}",
        cure=f"correct the data ({listing} lists every rejected row), or raise `unusable` of this table",
    )


def _rejected(position: int, raw: dict[str, Any], reason: str, images: ImageReader) -> Rejected:
    """Return a rejected row with its image: of several the first that is in no dataset, or else the first."""
    paths = [path for path in named_images(raw) if isinstance(path, str)]
    image = next((path for path in paths if path not in images), paths[0] if paths else None)
    named = {} if image is None else {"image": escaped(image)}
    return {"row": position, "id": shown(raw.get("id", "")), **named, "reason": reason}


def records(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a source file; a file that is not a list of objects raises PipelineError."""
    if path.suffix == ".jsonl":
        yield from read_lines(path, keep_surrogates=True)
        return
    content = read_json(path, keep_surrogates=True)
    if not isinstance(content, list):
        raise PipelineError("expected a list of conversations", where=path, value=type(content).__name__)
    for position, raw in enumerate(content):
        if not isinstance(raw, dict):
            raise PipelineError("expected an object", where=f"{path}, row {position}", value=raw)
        yield raw


def _conversation(position: int, raw: dict[str, Any], images: ImageReader) -> Conversation:
    paths = named_images(raw)
    pins = [images.row(path).pin for path in paths]
    turns = [{"from": turn["from"], "value": turn["value"]} for turn in raw["conversations"]]
    several = len(paths) > 1
    image, pinned = (paths, pins) if several else (paths[0], pins[0]) if paths else (None, None)
    return Conversation(position, str(raw.get("id", "")), image, pinned, turns)
