"""Text forms that are equal byte by byte for equal content: JSON and JSON Lines."""

import json
from pathlib import Path
from typing import Any, Iterable, Iterator

import jsonlines

from pipeline_lib.core.errors import PipelineError


def canonical_json(value: Any) -> str:
    """Return `value` as one line of JSON with sorted keys; NaN and infinity raise ValueError."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def pretty_json(value: Any) -> str:
    """Return `value` as indented JSON with sorted keys and a final newline; NaN and infinity raise ValueError."""
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: Path) -> Any:
    """Return the content of a JSON file; a broken file raises PipelineError with its line."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise PipelineError("file not found", where=path) from error
    except json.JSONDecodeError as error:
        raise PipelineError(f"not valid JSON: {error.msg}", where=f"{path}:{error.lineno}:{error.colno}") from error
    except UnicodeDecodeError as error:
        raise PipelineError("not UTF-8 text", where=f"{path}, byte {error.start}") from error


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON Lines file; a broken line raises PipelineError with its number."""
    try:
        with jsonlines.open(path) as reader:
            yield from reader.iter(type=dict, skip_empty=True)
    except FileNotFoundError as error:
        raise PipelineError("file not found", where=path) from error
    except jsonlines.InvalidLineError as error:
        raise PipelineError("not a JSON object", where=f"{path}:{error.lineno}", value=str(error.line)[:80]) from error
    except UnicodeDecodeError as error:
        raise PipelineError("not UTF-8 text", where=path) from error


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write `rows` as JSON Lines in the given order, keys in the order they have."""
    with path.open("w", encoding="utf-8", newline="\n") as file, jsonlines.Writer(file) as writer:
        writer.write_all(rows)
