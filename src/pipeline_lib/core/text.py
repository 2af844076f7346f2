"""JSON and JSON Lines, written so that equal content has equal bytes."""

import json
from pathlib import Path
from typing import Any, Iterable, Iterator

import jsonlines

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.json_text import parse_json
from pipeline_lib.core.reading import numbered_lines, read_text


def canonical_json(value: Any) -> str:
    """Return `value` as one line of JSON with sorted keys; NaN and infinity raise ValueError."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def pretty_json(value: Any) -> str:
    """Return `value` as indented JSON with sorted keys and a final newline; NaN and infinity raise ValueError."""
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def plain_text(value: Any) -> str:
    """Return a text as itself, and any other JSON value as one line of JSON."""
    return value if isinstance(value, str) else canonical_json(value)


def read_json(path: Path, keep_surrogates: bool = False) -> Any:
    """Return the content of a JSON file; a file that is not strict JSON raises PipelineError with its line.

    With `keep_surrogates`, the caller must handle texts that UTF-8 cannot encode; see `json_text.encodable`.
    """
    return parse_json(read_text(path), path, keep_surrogates=keep_surrogates)


def read_object(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; any other content raises PipelineError."""
    content = read_json(path)
    if not isinstance(content, dict):
        raise PipelineError("not a JSON object", where=path, value=content, cure="it begins with { and ends with }")
    return content


def read_lines(path: Path, keep_surrogates: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON Lines file; a broken line raises PipelineError with its number."""
    for _, row in read_rows_with_place(path, keep_surrogates):
        yield row


def read_rows_with_place(path: Path, keep_surrogates: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a JSON Lines file, each with its position as `path:line`; see `read_lines`."""
    for number, line in numbered_lines(path):
        if not line.strip():
            continue
        row = parse_json(line.strip(), path, number, keep_surrogates)
        if not isinstance(row, dict):
            raise PipelineError("not a JSON object", where=f"{path}:{number}", value=line[:80])
        yield f"{path}:{number}", row


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write `rows` as JSON Lines in the given order, without sorting keys."""
    with path.open("w", encoding="utf-8", newline="\n") as file, jsonlines.Writer(file) as writer:
        writer.write_all(rows)
