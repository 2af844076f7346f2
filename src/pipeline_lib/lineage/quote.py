"""Numbers quoted in a text: whether each still equals the value in a score file that its marker names.

A marker is an HTML comment before the number, such as `<!-- vlmflow results/pope_score.json#/runs/full/n -->3,000`.
A quoted number may be rounded: it equals a value that rounds, half away from zero, to its digits. With `%` after it, it
is a hundred times the value; commas may separate thousands.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.reading import read_text
from pipeline_lib.core.text import read_json
from pipeline_lib.lineage.pointer import Reference

MINUS = "\N{MINUS SIGN}"
EXAMPLE = "<!-- vlmflow results/pope_score.json#/runs/full/metrics/accuracy -->0.907"
MARKER = re.compile(r"<!--\s*vlmflow\s+(.*?)\s*-->", re.DOTALL)
NUMBER = re.compile(rf"[\s*_`]*([-{MINUS}+]?(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d+)?)(\s?%)?")


@dataclass(frozen=True)
class Quote:
    """A number in a text: its line and digits, the value that its marker names, and whether they agree."""

    line: int
    source: str
    quoted: str
    value: Any
    equals: bool


def read_quotes(path: Path) -> list[Quote]:
    """Return all quoted numbers of a text; a marker without number, file or value raises PipelineError."""
    text = read_text(path)
    contents: dict[Path, Any] = {}
    quotes = []
    for match in MARKER.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        where = f"{path}:{line}"
        number = NUMBER.match(text, match.end())
        if number is None:
            raise PipelineError("no number follows this marker", where=where, value=match[0], cure=f"write {EXAMPLE}")
        reference = _reference(match[1], where)
        if reference.path not in contents:
            contents[reference.path] = read_json(reference.path)
        value = reference.value(contents[reference.path])
        quotes.append(Quote(line, str(reference), number[0].strip(" *_`\n"), value, _equals(number, value, where)))
    if not quotes:
        raise PipelineError("this text quotes no number", where=path, cure=f"mark one: {EXAMPLE}")
    return quotes


def _reference(text: str, where: str) -> Reference:
    reference = Reference.parse(text)
    if not reference.path.is_file():
        cure = "make it (snakemake), or correct the marker"
        raise PipelineError("a marker names a file that does not exist", where=where, value=text, cure=cure)
    if not reference.names:
        raise PipelineError("a marker names a file, and no value in it", where=where, value=text, cure=EXAMPLE)
    return reference


def _equals(number: re.Match[str], value: Any, where: str) -> bool:
    """Return whether a value rounds to the quoted number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise PipelineError("a marker names something that is no number", where=where, value=value)
    quoted = Decimal(number[1].replace(",", "").replace(MINUS, "-"))
    exact = Decimal(str(value)) * (100 if number[2] else 1)
    return exact.quantize(Decimal(1).scaleb(quoted.as_tuple().exponent), ROUND_HALF_UP) == quoted  # type: ignore[arg-type]
