"""One fault of a configuration."""

from dataclasses import dataclass

Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One fault of a configuration: its key, what is wrong, the value, and a hint."""

    key: Key
    what: str
    value: object
    hint: str = ""
