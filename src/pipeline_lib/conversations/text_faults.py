"""Text that JSON can write and UTF-8 or a model cannot hold, found where it is read."""

import re

_FAULTY = re.compile("[\ud800-\udfff\x00]")


def text_fault(text: str) -> str:
    """Return which character of a text cannot be stored, and where; empty for text that can."""
    match = _FAULTY.search(text)
    if match is None:
        return ""
    name = "the character NUL" if match[0] == "\0" else f"half of a surrogate pair (U+{ord(match[0]):04X})"
    return f"{name} at character {match.start()}"


def escaped(text: str) -> str:
    """Return a text with every lone surrogate as an escape, so that UTF-8 can hold it."""
    return text.encode("utf-8", "backslashreplace").decode()
