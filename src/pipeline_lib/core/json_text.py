"""A strict JSON parser, whose errors name line and column.

It rejects a key repeated in one object, NaN and infinity, numbers that overflow, deep nesting, and escapes of lone
surrogates, which UTF-8 cannot encode.
"""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_lib.core.errors import PipelineError

DEEPEST = 100  # levels of lists and objects
SHOWN = 40  # characters of the text, from the error on
DIGITS = 4300  # of a whole number: Python refuses to convert longer ones
NAN = "NaN"

_TOKEN = re.compile(
    r"""
    "[^"\\]*(?:\\.[^"\\]*)*"                        # a text
    | -?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?              # a number
    | -?Infinity | NaN | true | false | null | \S   # a word or a separator
    """,
    re.DOTALL | re.VERBOSE,
)
_SURROGATE = re.compile(r"\\u[dD][89abABcdefCDEF]")


def parse_json(text: str, path: Path, line: int = 1, keep_surrogates: bool = False, nan_is_none: bool = False) -> Any:
    """Return the value of a JSON text that begins at `line` of a file; invalid JSON raises PipelineError.

    With `keep_surrogates`, the caller must handle texts that are not `encodable`. With `nan_is_none`, NaN is None.
    """
    surrogates = not keep_surrogates and _SURROGATE.search(text) is not None
    try:
        value = (_LOOSE_DECODER if nan_is_none else STRICT_DECODER).decode(text)
    except json.JSONDecodeError as error:
        where = f"{path}:{line + error.lineno - 1}:{error.colno}"
        value = text[error.pos : error.pos + SHOWN]
        raise PipelineError(f"not valid JSON: {error.msg}", where=where, value=value, cure="mend the file") from error
    except (RecursionError, ValueError) as error:
        raise _fault(text, nan_is_none).error(text, path, line) from error
    if surrogates or (text.count("[") + text.count("{") > DEEPEST and is_deep(value)):
        fault = _fault(text, nan_is_none)
        if fault.what:
            raise fault.error(text, path, line)
    return value


def encodable(value: Any) -> bool:
    """Return whether UTF-8 can encode every text in a value, keys included."""
    if isinstance(value, dict):
        return all(encodable(key) and encodable(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(encodable, value))
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
    return True


@dataclass(frozen=True)
class _Fault:
    """A fault in a JSON text and its position; `row` is the index in the outermost list."""

    what: str
    token: str = ""
    position: int = 0
    row: int | None = None

    def error(self, text: str, path: Path, line: int) -> PipelineError:
        before = text[: self.position]
        number, column = line + before.count("\n"), self.position - before.rfind("\n")
        row = "" if self.row is None else f", row {self.row}"
        return PipelineError(
            self.what or "this JSON cannot be read", where=f"{path}:{number}:{column}{row}", value=self.token[:80],
            cure="correct it there, or write the file again with the program that made it",
        )  # fmt: skip


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key is repeated")
    return content


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _none_for_nan(constant: str) -> None:
    if constant != NAN:
        raise ValueError(constant)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(number)
    return value


def is_deep(value: Any) -> bool:
    """Return whether a value has more than DEEPEST levels of lists and objects."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(DEEPEST):
        children = (child for node in level for child in (node.values() if isinstance(node, dict) else node))
        level = [child for child in children if isinstance(child, (dict, list))]
        if not level:
            return False
    return True


STRICT_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse, parse_float=_finite)
_LOOSE_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_none_for_nan, parse_float=_finite)


def _fault(text: str, nan_is_none: bool = False) -> _Fault:
    """Return the first fault in a JSON text, found token by token; its `what` is empty if there is none."""
    keys: list[set[str] | None] = []  # of every open object; None for a list
    row: int | None = None
    tokens = list(_TOKEN.finditer(text))
    for index, match in enumerate(tokens):
        token = match.group()
        if token in "[{":
            keys.append(set() if token == "{" else None)
            row = 0 if len(keys) == 1 and token == "[" else row
            what = f"nested in more than {DEEPEST} levels" if len(keys) > DEEPEST else ""
        elif token in "]}":
            keys.pop()
            what = ""
        elif token == ",":
            row = row + 1 if row is not None and len(keys) == 1 else row
            what = ""
        elif nan_is_none and token == NAN:
            what = ""
        else:
            is_key = index + 1 < len(tokens) and tokens[index + 1].group() == ":"
            what = _token_fault(token, keys[-1] if is_key and keys else None)
        if what:
            return _Fault(what, token, match.start(), row)
    return _Fault("")


def _token_fault(token: str, keys: set[str] | None) -> str:
    """Return the fault of a string, number or word; for a key, `keys` are the earlier keys of its object."""
    if token.startswith('"'):
        text = json.loads(token)
        if not encodable(text):
            return "half of a surrogate pair, which is no character and which UTF-8 cannot hold"
        if keys is not None and text in keys:
            return "this key stands twice in one object: one of the two values would be lost"
        if keys is not None:
            keys.add(text)
        return ""
    if token in ("NaN", "Infinity", "-Infinity"):
        return "not a finite number"
    if token.lstrip("-").isdigit():
        return f"a number of more than {DIGITS} digits" if len(token.lstrip("-")) > DIGITS else ""
    return "not a finite number" if token[-1].isdigit() and not math.isfinite(float(token)) else ""
