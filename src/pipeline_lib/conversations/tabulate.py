"""The tabulate stage: convert LLaVA's JSON to a validated table and two lists: rejected rows, and unread keys."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Iterator, Protocol

from pydantic import Field

from pipeline_lib.conversations.plain_rows import plain_rows
from pipeline_lib.conversations.row_faults import named_images, row_fault, shown
from pipeline_lib.conversations.row_keys import unused_keys
from pipeline_lib.conversations.source_rows import RowSource, SourceRow
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.conversations.text_faults import escaped
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.tolerance import allowed
from pipeline_lib.images.nearest import first_folders
from pipeline_lib.images.reader import ABSENT, ImageReader


class TabulateSettings(RowSource):
    """The file or the sets of the conversations, and how many rows may be unusable."""

    unusable: float = Field(default=0.01, ge=0, le=1, description="largest share of rows that may be unusable")


AT_ONCE = 4096  # rows of which the plain ones are recognised together

Rejected = dict[str, Any]  # row, in a set also set and row_in_set, id, image if the row names one, reason
UnusedKey = dict[str, Any]  # key, number of rows that have it, first of them


class Rows(Protocol):
    """Where the usable rows go: a list, or a file that they are written to."""

    def append(self, row: Conversation, /) -> None:
        """Add a row."""

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Tabulated:
    """The usable rows of a source file in its order, the rejected rows with reasons, and the unread keys."""

    rows: Rows
    rejected: list[Rejected]
    unused_keys: list[UnusedKey]


def tabulate(
    source: Iterable[SourceRow],
    images: ImageReader,
    where: Path | str,
    chosen: set[int] | None = None,
    rows: Rows | None = None,
) -> Tabulated:
    """Return the usable and the rejected ones of all rows, or of those with the `chosen` numbers.

    The usable ones are appended to `rows`, a new list where None. No row at all raises PipelineError, which says
    `where`.
    """
    rows = [] if rows is None else rows
    rejected: list[Rejected] = []
    keys: dict[str, UnusedKey] = {}
    taken = source if chosen is None else (row for row in source if row.number in chosen)
    for row, plain in _with_plain(taken, images):
        if plain is not None:
            rows.append(plain)
            continue
        for key in sorted(map(escaped, unused_keys(row.content))):
            keys.setdefault(key, {"key": key, "rows": 0, "first_row": row.number})["rows"] += 1
        reason = row_fault(row.content, images)
        if reason:
            rejected.append(_rejected(row, reason, images))
        else:
            rows.append(_conversation(row.number, row.content, images))
    if not len(rows) and not rejected:
        raise PipelineError("this table has no rows", where=where)
    return Tabulated(rows, rejected, sorted(keys.values(), key=lambda entry: (-entry["rows"], entry["key"])))


def _with_plain(source: Iterable[SourceRow], images: ImageReader) -> Iterator[tuple[SourceRow, Conversation | None]]:
    """Yield every row, with its conversation if it is plain."""
    remaining = iter(source)
    while group := list(itertools.islice(remaining, AT_ONCE)):
        yield from zip(group, plain_rows(group, images), strict=True)


def refusal(
    table: Tabulated, settings: TabulateSettings, sample: bool, where: Path | str, listing: Path
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
        where=where,
        value=f"{_place(first)}: {first['reason']}{folders if absent else ''}",
        cure=f"correct the data ({listing} lists every rejected row), or raise `unusable` of this table",
    )


def _place(rejected: Rejected) -> str:
    within = f" ({rejected['set']}, row {rejected['row_in_set']})" if "set" in rejected else ""
    return f"row {rejected['row']}{within}"


def _rejected(row: SourceRow, reason: str, images: ImageReader) -> Rejected:
    """Return a rejected row with its image: of several the first that is in no dataset, or else the first."""
    paths = [path for path in named_images(row.content) if isinstance(path, str)]
    image = next((path for path in paths if path not in images), paths[0] if paths else None)
    named = {} if image is None else {"image": escaped(image)}
    return {"row": row.number, **row.origin, "id": shown(row.content.get("id", "")), **named, "reason": reason}


def _conversation(position: int, raw: dict[str, Any], images: ImageReader) -> Conversation:
    paths = named_images(raw)
    pins = [images.pin(path) for path in paths]
    turns = [_turn(turn) for turn in raw["conversations"]]
    several = len(paths) > 1
    image, pinned = (paths, pins) if several else (paths[0], pins[0]) if paths else (None, None)
    return Conversation(position, str(raw.get("id", "")), image, pinned, turns)


def _turn(turn: dict[str, str]) -> dict[str, str]:
    """Return a turn without unread keys; most have none."""
    return turn if len(turn) == 2 else {"from": turn["from"], "value": turn["value"]}
