"""The interface of a reader of answer files, and the choice of one by a file's content.

A reader is a module with `ABOUT` (whose files it reads), `fits(form)` and `join(path, lookup)`. Where the tool has
already read something from a model's replies, so that other protocols cannot, `note(form)` says it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Literal, Protocol, cast

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.json_text import parse_json
from pipeline_lib.core.plugins import load, names
from pipeline_lib.core.reading import numbered_lines, read_text
from pipeline_lib.scoring.answers import Joined
from pipeline_lib.scoring.question_lookup import QuestionLookup
from pipeline_lib.scoring.spreadsheet import columns_of, is_spreadsheet

KIND = "answer_files"
GZIP = b"\x1f\x8b"  # the first bytes of a compressed file

Container = Literal["folder", "spreadsheet", "table", "lines", "list", "object"]


@dataclass(frozen=True)
class Form:
    """What the content of a file shows: what holds its records, and the keys of the first one or the columns.

    `first` is the first record of JSON Lines or of a list, or the whole object. `files` are the names in a folder.
    """

    container: Container
    keys: tuple[str, ...] = ()
    first: Any = None
    files: tuple[str, ...] = ()

    def has(self, *keys: str) -> bool:
        """Return whether the first record has all these keys."""
        return set(keys) <= set(self.keys)


class Reader(Protocol):
    """The members of a module that reads a form of answer files."""

    ABOUT: str

    def fits(self, form: Form) -> bool:
        """Return whether a file of this form is for this reader."""

    def join(self, path: Path, lookup: QuestionLookup) -> Joined:
        """Return every question with its answer in the file; faults raise PipelineError with file and line."""


def look(path: Path) -> Form:
    """Return the form of a file or folder; an unreadable one raises PipelineError."""
    if path.is_dir():
        return Form("folder", files=tuple(sorted(file.name for file in path.iterdir())))
    if not path.is_file():
        cure = "name a file such as results/answers/RUN/BENCHMARK.jsonl"
        raise PipelineError("no such file of answers", where=path, cure=cure)
    if is_spreadsheet(path):
        return Form("spreadsheet", tuple(columns_of(path)))
    _refuse_gzip(path)
    first, _ = _beginning(path)
    if not begins_as_json(path):
        return Form("table", tuple(cell.strip('"') for cell in first.rstrip("\r\n").split("\t")))
    if has_json_lines(path):
        row = _value(first)
        return Form("lines", tuple(row), row)
    content = read_loose_json(path)
    if isinstance(content, list):
        record = content[0] if content else None
        return Form("list", tuple(record) if isinstance(record, dict) else (), record)
    return Form("object", tuple(content), content)


def begins_as_json(path: Path) -> bool:
    """Return whether a file begins as a JSON object or list, and so is no table, whatever its name."""
    return _beginning(path)[0].lstrip()[:1] in ("{", "[")


def has_json_lines(path: Path) -> bool:
    """Return whether a file has an object in its first line and more lines, whatever its name; or one such line."""
    first, second = _beginning(path)
    return isinstance(_value(first), dict) and bool(second or path.suffix.lower() == ".jsonl")


def choose(path: Path, name: str | None = None) -> tuple[str, Reader]:
    """Return the reader of this name, by default the one that fits a file, with its name.

    A file that none or several fit raises PipelineError.
    """
    if name is not None:
        return name, cast(Reader, load(KIND, name))
    form = look(path)
    readers = {name: cast(Reader, load(KIND, name)) for name in names(KIND)}
    fitting = [name for name, reader in readers.items() if reader.fits(form)]
    if len(fitting) == 1:
        return fitting[0], readers[fitting[0]]
    known = "; ".join(f"{name}: {reader.ABOUT}" for name, reader in readers.items())
    if not fitting:
        sample = ", ".join(form.keys[:12] or form.files[:12])
        raise PipelineError(
            "these are no answers in a known form",
            where=path,
            value=f"{form.container} with {sample}" if sample else "it is empty",
            cure=f"known forms: {known}",
        )
    what = "these answers fit several forms"
    raise PipelineError(
        what,
        where=path,
        value=", ".join(fitting),
        cure="name one of them with --answers-from",
    )


def read_loose_json(path: Path) -> Any:
    """Return the content of a JSON file in which NaN stands for nothing, as pandas writes it, read as None."""
    return parse_json(read_text(path), path, nan_is_none=True)


def read_loose_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of JSON Lines, each with its position as `path:line`; NaN is None."""
    for number, line in numbered_lines(path):
        if line.strip():
            row = parse_json(line.strip(), path, number, nan_is_none=True)
            if not isinstance(row, dict):
                raise PipelineError("not a JSON object", where=f"{path}:{number}", value=line[:80])
            yield f"{path}:{number}", row


def _beginning(path: Path) -> tuple[str, str]:
    """Return the first two lines that are not blank, empty if there are none."""
    lines = (line for _, line in numbered_lines(path) if line.strip())
    return next(lines, ""), next(lines, "")


def _refuse_gzip(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(len(GZIP)) == GZIP:
            raise PipelineError("this file is compressed by gzip", where=path, cure="unpack it: `gunzip --keep FILE`")


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
