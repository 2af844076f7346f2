"""Draws a subset's report as an SVG: the share of every origin in the table and in the subset, and the overlaps."""

from typing import Sequence
from xml.sax.saxutils import escape

from pipeline_lib.conversations.report import Report

BARS = 20  # most origins, and most subsets
WIDTH, MARGIN, LABEL, ROW, BAR, NUMBER = 860, 24, 240, 34, 11, 170  # pixels
LONGEST = 32  # characters of a label
INK, SOFT, TABLE, SUBSET = "#24292f", "#57606a", "#b6bcc6", "#3b76b5"
NAMES = {"text": "rows without image", "": "images in no folder"}

Bar = tuple[str, float, str, str]  # its label, its part of the full width, its number, its colour


def draw_report(name: str, report: Report) -> str:
    """Return an SVG of the report on the subset `name`; origins and subsets beyond BARS are summed or left out."""
    rows = report["rows"]
    origins = [bars for origin, counts in _most(report["origins"]) for bars in _origin_bars(origin, counts, rows)]
    overlaps = [bar for other, counts in list(report["overlap"].items())[:BARS] for bar in _overlap_bar(other, counts)]
    lines, y = _section("Rows by origin: table (grey) and subset (blue), share of each", origins, MARGIN + 44, 2)
    if overlaps:
        more, y = _section("Rows of other subsets of the table that this one has too", overlaps, y + MARGIN, 1)
        lines += more
    title = f"{name}: {rows['subset']:,} of {rows['table']:,} rows"
    return "\n".join([*_frame(title, y + MARGIN), *lines, "</svg>", ""])


def _most(origins: dict[str, dict[str, int]]) -> list[tuple[str, dict[str, int]]]:
    """Return the first origins, and one entry with the sum of the others."""
    entries = list(origins.items())
    rest = entries[BARS:]
    if not rest:
        return entries
    total = {key: sum(counts[key] for _, counts in rest) for key in ("table", "subset")}
    return [*entries[:BARS], (f"{len(rest)} more origins", total)]


def _origin_bars(origin: str, counts: dict[str, int], rows: dict[str, int]) -> list[Bar]:
    label = NAMES.get(origin, origin)
    return [
        (text, counts[key] / max(rows[key], 1), _number(counts[key], rows[key]), colour)
        for key, text, colour in (("table", label, TABLE), ("subset", "", SUBSET))
    ]


def _overlap_bar(other: str, counts: dict[str, int]) -> list[Bar]:
    return [(other, counts["common"] / max(counts["rows"], 1), _number(counts["common"], counts["rows"]), SUBSET)]


def _number(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.1%})" if whole else f"{part:,}"


def _section(heading: str, bars: Sequence[Bar], y: int, together: int) -> tuple[list[str], int]:
    """Return the elements of a heading and its bars, `together` of them in a row, and where they end."""
    lines, height = [_text(MARGIN, y, heading, SOFT)], ROW * together // 2
    widest, room = max((share for _, share, _, _ in bars), default=1) or 1, WIDTH - 2 * MARGIN - LABEL - NUMBER
    for position, (label, share, number, colour) in enumerate(bars):
        line, part = divmod(position, together)
        top = y + 14 + line * height + part * (BAR + 3)
        width = max(1.0, round(room * share / widest, 1))
        lines += [_text(MARGIN, top + BAR, _short(label), INK)] if label else []
        lines += [
            f'<rect x="{MARGIN + LABEL}" y="{top}" width="{width}" height="{BAR}" rx="2" fill="{colour}"/>',
            _text(MARGIN + LABEL + width + 8, top + BAR - 1, number, SOFT),
        ]
    return lines, y + 14 + -(-len(bars) // together) * height


def _text(x: float, y: int, text: str, colour: str) -> str:
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f'<text x="{x}" y="{y}" fill="{colour}">{escape(printable)}</text>'


def _short(label: str) -> str:
    return label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"


def _frame(title: str, height: int) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="system-ui, Helvetica, Arial, sans-serif" font-size="12.5">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{MARGIN}" y="{MARGIN + 10}" font-size="16" font-weight="600" fill="{INK}">{escape(title)}</text>',
    ]
