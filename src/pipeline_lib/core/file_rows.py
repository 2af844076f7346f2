"""Typed models for the rows of external files: all fields are validated before any is used."""

import re
from collections import defaultdict
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.json_text import DIGITS, encodable

SHOWN = 80  # characters of a wrong value in an error
MOST = 5  # fields in an error


class FileRow(BaseModel):
    """A row of an external file: the types of its fields are strict, other keys are ignored."""

    model_config = ConfigDict(strict=True, frozen=True)


def _encodable(text: str) -> str:
    if not (text.isascii() or encodable(text)):
        raise ValueError("half of a surrogate pair is no character")
    return text


def _identifier(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise ValueError("this should be a whole number or a text")
    return _encodable(str(value))


def _count(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("this should be a whole number, 0 or more")
    return value


Identifier = Annotated[str, BeforeValidator(_identifier)]
Count = Annotated[int, BeforeValidator(_count)]
FreeText = Annotated[str, AfterValidator(_encodable)]
Text = Annotated[FreeText, StringConstraints(min_length=1)]

Row = TypeVar("Row", bound=FileRow)


def number_or_text(identifier: str) -> int | str:
    """Return an `Identifier` as files have it: the whole number that it is written as, or else the text.

    A number with more digits than Python reads, and one that begins with 0, are texts.
    """
    is_number = len(identifier) <= DIGITS and re.fullmatch("0|[1-9][0-9]*", identifier)
    return int(identifier) if is_number else identifier


def parse_row(model: type[Row], content: Any, what: str, where: str) -> Row:
    """Return the content of a row; a missing or wrong field raises PipelineError(what) with its name and value."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise PipelineError(what, where=where, value=_complaints(error)) from error


def _complaints(error: ValidationError) -> str:
    """Return the first fields with a fault, with their values."""
    faults: dict[str, list[Any]] = defaultdict(list)
    for fault in error.errors(include_url=False):
        faults[".".join(str(part) for part in fault["loc"] if not _is_type(part))].append(fault)
    complaints = [_complaint(name, alternatives) for name, alternatives in faults.items()]
    more = [f"and {len(complaints) - MOST} more"] if len(complaints) > MOST else []
    return "; ".join(complaints[:MOST] + more)


def _complaint(name: str, faults: list[Any]) -> str:
    """Return what a field should be, by any alternative of its type, and its value."""
    if faults[0]["type"] == "missing":
        return f"{name} is missing"
    messages = dict.fromkeys(fault["msg"].removeprefix("Value error, ") for fault in faults)
    return f"{name}: {' or '.join(messages)}, not {faults[0]['input']!r:.{SHOWN}}".removeprefix(": ")


def _is_type(part: int | str) -> bool:
    """Return whether a part of pydantic's position is no key, but an alternative of a union: a type or a class."""
    return isinstance(part, str) and (part in ("str", "int", "float") or "[" in part or part[:1].isupper())
