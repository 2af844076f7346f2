"""Read a list of texts that a data set holds as text, in the form in which Python prints it: ['a', "b's"]."""

import re

from pipeline_lib.core.json_text import encodable

ITEM = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*(,|$)""", re.DOTALL)
ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\\'\"nrtabfv\n]))")
CHARACTERS = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\n": ""}


def texts_of(listed: str) -> list[str] | None:
    """Return the texts of a printed list, None where it is none, or has half a surrogate pair."""
    inner = listed.strip()
    if not (inner.startswith("[") and inner.endswith("]")):
        return None
    inner = inner[1:-1].strip()
    texts, start = [], 0
    while start < len(inner):
        item = ITEM.match(inner, start)
        if item is None:
            return None
        texts.append(ESCAPE.sub(_character, item[1] if item[1] is not None else item[2]))
        start = item.end()
    return texts if encodable(texts) else None


def _character(escape: re.Match[str]) -> str:
    """Return the character of an escape sequence; Python leaves others as they are."""
    code = escape[1] or escape[2] or escape[3]
    if code:
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF else escape[0]
    return CHARACTERS.get(escape[4], escape[4])
