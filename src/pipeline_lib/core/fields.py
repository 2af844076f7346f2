"""Checked access to single fields of external metadata: an absent field or a wrong type raises PipelineError.

For rows whose fields are all known, use a model: see `file_rows`.
"""

from typing import Any, Mapping, TypeVar

from pipeline_lib.core.errors import PipelineError

T = TypeVar("T")

KINDS: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
LARGEST = 2**63  # absolute values below this fit into int64


def field(row: Mapping[str, Any], name: str, kind: type[T], where: object) -> T:
    """Return a field of a row; an absent field or another type raises PipelineError. An int is accepted as a float."""
    if name not in row:
        raise PipelineError(
            f"the key `{name}` is missing", where=where, value=sorted(map(str, row)), cure=f"it must be {KINDS[kind]}"
        )
    return typed(row[name], kind, where, f"`{name}`")


def optional_field(row: Mapping[str, Any], name: str, kind: type[T], where: object) -> T | None:
    """Return a field of a row, None where it is absent or null; see `field`."""
    return None if row.get(name) is None else field(row, name, kind, where)


def typed(value: Any, kind: type[T], where: object, name: str = "this") -> T:
    """Return the value if it is of the type; else raise PipelineError, which names the value `name`."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST:
        return kind(value)  # type: ignore[call-arg]
    right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if not right or (isinstance(value, int) and abs(value) >= LARGEST):
        raise PipelineError(f"{name} is not {KINDS[kind]}", where=where, value=value, cure=f"write {KINDS[kind]} there")
    return value  # type: ignore[no-any-return]
