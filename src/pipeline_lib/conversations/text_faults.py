"""Detection of text that is valid in JSON, but not in UTF-8 or for a model."""

import re

_FAULTY = re.compile("[\ud800-\udfff\x00]")


def text_fault(text: str) -> str:
    """Return which character of a text cannot be stored, and its position; empty if all can."""
    if text.isascii() and "\0" not in text:  # many times faster than the search
        return ""
    match = _FAULTY.search(text)
    if match is None:
        return ""
    name = "the character NUL" if match[0] == "\0" else f"half of a surrogate pair (U+{ord(match[0]):04X})"
    return f"{name} at character {match.start()}"


def escaped(text: str) -> str:
    """Return a text with every lone surrogate escaped, so that UTF-8 can encode it."""
    return text.encode("utf-8", "backslashreplace").decode()
