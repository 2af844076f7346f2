"""Typed models for the rows of external files: all fields are validated before any is used."""

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.json_text import encodable

SHOWN = 80  # characters of a wrong value in an error


class FileRow(BaseModel):
    """A row of an external file: the types of its fields are strict, other keys are ignored."""

    model_config = ConfigDict(strict=True, frozen=True)


def _encodable(text: str) -> str:
    if not encodable(text):
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


def parse_row(model: type[Row], content: Any, what: str, where: str) -> Row:
    """Return the content of a row; a missing or wrong field raises PipelineError(what) with its name and value."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        value = "; ".join(_complaint(dict(fault)) for fault in error.errors(include_url=False))
        raise PipelineError(what, where=where, value=value) from error


def _complaint(error: dict[str, Any]) -> str:
    name = ".".join(map(str, error["loc"]))
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "missing":
        return f"{name} is missing"
    return f"{name}: {message}, not {error['input']!r:.{SHOWN}}".removeprefix(": ")
