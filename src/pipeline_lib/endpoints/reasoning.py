"""Remove a model's reasoning from its reply."""

import re


def without_reasoning(text: str, tag: str | None) -> str:
    """Return a reply without the reasoning in `<tag>…</tag>`, and without white space around it.

    Cut reasoning has no end: nothing follows it. If a template opened it, it has no beginning: nothing
    precedes it.
    """
    if tag is not None:
        text = re.sub(f"<{tag}>.*?</{tag}>", "", text, flags=re.DOTALL)
        text = text.rpartition(f"</{tag}>")[2].partition(f"<{tag}>")[0]
    return text.strip()
