"""The error for mistakes that the user can correct: what, where, the value, the cure."""

from difflib import get_close_matches
from typing import Any, Iterable

from pipeline_lib.core.secrets import without_tokens
from pipeline_lib.core.urls import without_secrets

LONGEST = 2000  # characters of a value that an error shows

_NO_VALUE: Any = object()


class PipelineError(Exception):
    """A mistake in the input or the environment, shown to the user without a traceback."""

    def __init__(self, what: str, *, where: object = "", value: Any = _NO_VALUE, cure: str = "") -> None:
        lines = [what]
        if str(where):
            lines.append(f"  where: {where}")
        if value is not _NO_VALUE:
            lines.append(f"  value: {_shown(value)}")
        if cure:
            lines.append(f"  cure:  {cure}")
        text = without_tokens(without_secrets("\n".join(lines)))
        super().__init__(text.encode("utf-8", "backslashreplace").decode())  # logs are UTF-8


def _shown(value: Any) -> str:
    """Return the repr of a value, truncated to LONGEST characters."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # endless nesting, or a number with too many digits to print
        text = f"of type {type(value).__name__}"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def suggest(name: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """Return "did you mean 'x'?" where a known name is similar, else `otherwise`, by default the known names."""
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    if otherwise is not None:
        return otherwise
    return "known names: " + ", ".join(names) if names else "no name is known"
