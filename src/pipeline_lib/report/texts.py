"""Texts of models and files as a page may show them, and numbers as it prints them."""

import unicodedata
from typing import Any

HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # control, format, surrogate, private, unassigned, separators
PLAIN = "\n\t"
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"  # letters of Persian and Hindi, and emoji, need them
PICTURES = 0x2400  # symbols of the control characters begin here
OPENING, CLOSING = "\N{MATHEMATICAL LEFT ANGLE BRACKET}", "\N{MATHEMATICAL RIGHT ANGLE BRACKET}"
NO_NUMBER = "\N{EN DASH}"


def visible(text: str) -> str:
    """Return a text whose control characters, and those that turn the direction of writing, are visible symbols."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def number(value: float | None, decimals: int = 3) -> str:
    """Return a number with some decimals, or a dash."""
    return NO_NUMBER if value is None else f"{value:.{decimals}f}"


def signed(value: float, decimals: int = 1) -> str:
    """Return a number with its sign, a typographic minus; a rounded zero has none."""
    text = f"{abs(value):.{decimals}f}"
    if not float(text):
        return text
    return f"+{text}" if value > 0 else f"\N{MINUS SIGN}{text}"


def interval(bounds: Any) -> str:
    """Return the bounds of an interval in brackets, empty where there is none."""
    return f"[{bounds[0]:.3f}, {bounds[1]:.3f}]" if bounds else ""


def counted(count: int, singular: str) -> str:
    """Return a count with its noun, such as `1 question` or `1,200 questions`."""
    return f"{count:,} {singular}" if count == 1 else f"{count:,} {singular}s"


def _visible(character: str) -> str:
    if character in PLAIN or character in JOINERS or unicodedata.category(character) not in HIDDEN:
        return character
    code = ord(character)
    return chr(PICTURES + code) if code < ord(" ") else f"{OPENING}U+{code:04X}{CLOSING}"
