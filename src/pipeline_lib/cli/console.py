"""The console for tables: as wide as the terminal, or, in a pipe, so wide that no line is wrapped."""

import sys

from rich.console import Console

WIDE = 10_000  # columns


def wide_console() -> Console:
    """Return a console of the terminal's width, of WIDE columns in a pipe."""
    return Console(width=None if sys.stdout.isatty() else WIDE)
