"""Check that a text has some sections, such as `<SUMMARY>…</SUMMARY>`, each once and in order, and nothing else."""

import re
from typing import Sequence


def sections_fault(text: str, tags: Sequence[str]) -> str | None:
    """Return why a text has not exactly these sections, in this order, each with a text; None if it has."""
    for tag in tags:
        for mark in (f"<{tag}>", f"</{tag}>"):
            times = text.count(mark)
            if times != 1:
                return f"{mark} is there {times} times" if times else f"{mark} is missing"
    marks = [mark for tag in tags for mark in (f"<{tag}>", f"</{tag}>")]
    positions = [text.index(mark) for mark in marks]
    if positions != sorted(positions):
        return f"the sections are not in the order {', '.join(tags)}"
    pieces = re.split("|".join(map(re.escape, marks)), text)
    empty = [tag for tag, piece in zip(tags, pieces[1::2], strict=True) if not piece.strip()]
    if empty:
        return f"the section {empty[0]} is empty"
    return "there is text outside of the sections" if "".join(pieces[::2]).strip() else None
