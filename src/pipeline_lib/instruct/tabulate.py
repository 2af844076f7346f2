"""The tabulate stage: LLaVA's JSON becomes a validated table, and a list of unusable rows with their reasons."""

from pathlib import Path
from typing import Any, Iterator

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.settings import Settings
from pipeline_lib.core.share import allowed
from pipeline_lib.core.text import read_json, read_lines
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.instruct.table import Conversation

PLACEHOLDER = "<image>"


class TabulateSettings(Settings):
    """Where the conversations stand and how many rows may be unusable."""

    file: str = Field(description="the file in the dataset: LLaVA JSON (a list) or JSONL (an object a line)")
    unusable: float = Field(default=0.01, ge=0, le=1, description="largest share of rows that may be unusable")


Rejected = dict[str, Any]


def tabulate(
    path: Path, images: ImageReader, settings: TabulateSettings, chosen: set[int] | None = None
) -> tuple[list[Conversation], list[Rejected]]:
    """Return the usable rows in file order, and the others as {row, id, reason}: of all, or of the chosen ones.

    No row, or a larger share of unusable rows than the settings allow, raises PipelineError.
    """
    rows: list[Conversation] = []
    rejected: list[Rejected] = []
    for position, raw in enumerate(records(path)):
        if chosen is not None and position not in chosen:
            continue
        reason = _fault(raw, images)
        if reason:
            rejected.append({"row": position, "id": str(raw.get("id", "")), "reason": reason})
        else:
            rows.append(_conversation(position, raw, images))
    total = len(rows) + len(rejected)
    if total == 0:
        raise PipelineError("this table holds no row", where=path)
    if len(rejected) > allowed(settings.unusable, total, sample=chosen is not None):
        raise PipelineError(
            f"{len(rejected)} of {total} rows cannot be used; the study allows {settings.unusable:.2%}",
            where=path,
            value=f"row {rejected[0]['row']}: {rejected[0]['reason']}",
            cure="mend the data, or raise `unusable` of this table",
        )
    return rows, rejected


def records(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a source file; one that is no list of objects raises PipelineError."""
    if path.suffix == ".jsonl":
        yield from read_lines(path)
        return
    content = read_json(path)
    if not isinstance(content, list):
        raise PipelineError("expected a list of conversations", where=path, value=type(content).__name__)
    for position, raw in enumerate(content):
        if not isinstance(raw, dict):
            raise PipelineError("expected an object", where=f"{path}, row {position}", value=raw)
        yield raw


def _fault(raw: dict[str, Any], images: ImageReader) -> str:
    """Return why a row cannot be used, or an empty string."""
    turns = raw.get("conversations")
    if not isinstance(turns, list) or not turns or len(turns) % 2:
        return "`conversations` is not a list of pairs of turns"
    for turn, speaker in zip(turns, ("human", "gpt") * (len(turns) // 2), strict=True):
        if not isinstance(turn, dict) or turn.get("from") != speaker:
            return "turns do not alternate between human and gpt"
        if not isinstance(turn.get("value"), str) or not turn["value"].replace(PLACEHOLDER, "").strip():
            return f"an empty turn of {speaker}"
    placeholders = sum(turn["value"].count(PLACEHOLDER) for turn in turns)
    image = raw.get("image")
    if image is None:
        return f"{PLACEHOLDER} without an image" if placeholders else ""
    if not isinstance(image, str):
        return "`image` is not one path"
    if placeholders != 1 or PLACEHOLDER not in turns[0]["value"]:
        return f"expected {PLACEHOLDER} once, in the first turn"
    return "" if image in images else images.why_not(image)


def _conversation(position: int, raw: dict[str, Any], images: ImageReader) -> Conversation:
    image = raw.get("image")
    turns = [{"from": turn["from"], "value": turn["value"]} for turn in raw["conversations"]]
    pinned = images.row(image).pin if image is not None else None
    return Conversation(position, str(raw.get("id", "")), image, pinned, turns)
