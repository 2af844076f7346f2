"""Reads a long JSON list from a file, a piece of the file in memory at a time."""

import json
import re
from pathlib import Path
from typing import IO, Any, Iterator

from pipeline_lib.core.json_pieces import OBJECTS_BEGIN, plain_objects
from pipeline_lib.core.json_text import DEEPEST, STRICT_DECODER, is_deep
from pipeline_lib.core.reading import open_file
from pipeline_lib.core.text import read_json

PIECE = 2**20  # characters
LIST_START = re.compile(rb"^(\xef\xbb\xbf)?\s*\[")
_SPACE = re.compile(r"[ \t\n\r]*")


class _OddTextError(ValueError):
    """The text needs the parser of whole files: it is faulty, or its elements are no objects."""


def is_list(path: Path) -> bool:
    """Return whether a JSON file begins like a list; an unreadable file raises PipelineError."""
    with open_file(path) as file:
        return LIST_START.match(file.read(4096)) is not None


def list_elements(path: Path) -> Iterator[Any]:
    """Yield the elements of the list in a JSON file; a file that is not strict JSON raises PipelineError with its line.

    The caller must handle texts that UTF-8 cannot encode; see `json_text.encodable`. A faulty file is parsed again as
    a whole, for the place of the fault, once its first elements have been yielded.
    """
    count = 0
    try:
        for element in _objects(path):
            yield element
            count += 1
    except (ValueError, RecursionError):  # wrong UTF-8 is a ValueError too
        yield from read_json(path, keep_surrogates=True)[count:]


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        text = _Text(file)
        text.expect("[")
        if text.take("]"):
            text.expect_end()
            return
        while True:
            yield from text.plain_objects() or [text.object()]
            if text.take("]"):
                text.expect_end()
                return
            text.expect(",")


class _Text:
    """The text of a file from a place on, of which a piece is in memory."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._between: str | None = None  # two objects: what ends the text of many
        self._is_plain = True  # so far, what is in memory

    def _more(self) -> bool:
        """Read on; return whether there was more. Pieces double while one element needs several."""
        rest = self._text[self._at :]
        piece = self._file.read(max(PIECE, len(rest)))
        self._text, self._at = rest + piece, 0
        self._is_plain = True
        return bool(piece)

    def _next(self) -> str:
        """Return the next character that is no white space, empty at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, character: str) -> bool:
        """Return whether `character` comes next, and step over it if so."""
        comes = self._next() == character
        self._at += comes
        return comes

    def expect(self, character: str) -> None:
        """Step over `character`; any other raises ValueError."""
        if not self.take(character):
            raise _OddTextError(character)

    def expect_end(self) -> None:
        """Raise ValueError if anything but white space is left."""
        if self._next():
            raise _OddTextError("text after the list")

    def plain_objects(self) -> list[dict[str, Any]]:
        """Return the objects that come next and are in memory but for the last, if they are plain; else none."""
        if self._next() != "{" or not self._is_plain:
            return []
        if len(self._text) - self._at < PIECE:
            self._more()
        end = -1 if self._between is None else self._text.rfind(self._between, self._at)
        objects = plain_objects(self._text[self._at : end]) if end > self._at else None
        if objects is None:
            self._is_plain = False
            return []
        self._at = end
        return objects

    def object(self) -> dict[str, Any]:
        """Return the object that comes next; anything else raises ValueError."""
        if self._next() != "{":
            raise _OddTextError("no object")
        while True:
            try:
                value, end = STRICT_DECODER.raw_decode(self._text, self._at)
                break
            except json.JSONDecodeError:  # perhaps its end is not in memory
                if not self._more():
                    raise
        nested = self._text.count("{", self._at, end) + self._text.count("[", self._at, end)
        if nested >= DEEPEST and is_deep([value]):
            raise _OddTextError("deep nesting")
        self._at = end
        self._learn()
        assert isinstance(value, dict)  # it begins with a brace
        return value

    def _learn(self) -> None:
        """Remember what is between the last object and the next."""
        match = None if self._between else OBJECTS_BEGIN.match(self._text, self._at)
        if match is not None:
            self._between = match[0]
            self._is_plain = True
