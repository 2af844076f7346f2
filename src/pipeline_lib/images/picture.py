"""Draws a dataset's health as an SVG with a bar for every status and reason."""

from typing import NamedTuple
from xml.sax.saxutils import escape

BARS = 20
COLORS = {
    "kept": "#3f8f5f",
    "unpacked": "#5aa9a0",
    "converted": "#3b76b5",
    "missing": "#c98a1b",
    "quarantined": "#b8404a",
}
OTHER = "#8a8f98"
WIDTH, MARGIN, STATUS, LABEL, ROW, BAR = 860, 24, 104, 300, 24, 14  # pixels
LONGEST = 40  # characters of a label
UNUSABLE = ("quarantined", "missing")


class Bar(NamedTuple):
    """One bar: the status that sets its colour, its label, the number of images."""

    status: str
    label: str
    images: int


def draw_health(health: dict[str, int]) -> str:
    """Return an SVG of a health table, `STATUS: REASON` to counts: groups by status, the most frequent first.

    Up to BARS bars are drawn, those of unusable images first; one more bar has the sum of the rest.
    """
    bars = _bars(health)
    total, largest = sum(health.values()), max((bar.images for bar in bars), default=1)
    lines: list[str] = []
    y = MARGIN + 40
    for status in _ordered({bar.status for bar in bars}):
        y += 12
        for index, bar in enumerate(bar for bar in bars if bar.status == status):
            lines += _drawn(bar, "" if index else status, y, largest, total)
            y += ROW
    return "\n".join([*_frame(f"{total:,} images", _totals(health), y + MARGIN - 8), *lines, "</svg>", ""])


def _bars(health: dict[str, int]) -> list[Bar]:
    """Return the bars to draw, most frequent first within a status."""
    bars = [Bar(*_parts(key), count) for key, count in health.items()]
    bars.sort(key=lambda bar: (bar.status not in UNUSABLE, -bar.images, bar))
    chart, rest = bars[:BARS], bars[BARS:]
    if rest:
        chart.append(Bar("other", f"{len(rest)} more reasons", sum(bar.images for bar in rest)))
    return chart


def _parts(key: str) -> tuple[str, str]:
    status, _, reason = key.partition(": ")
    return status, reason


def _totals(health: dict[str, int]) -> str:
    totals: dict[str, int] = {}
    for key, count in health.items():
        status = _parts(key)[0]
        totals[status] = totals.get(status, 0) + count
    return ", ".join(f"{totals[status]:,} {status}" for status in _ordered(set(totals)))


def _ordered(statuses: set[str]) -> list[str]:
    """Return the statuses in the order of COLORS, others last."""
    return sorted(statuses, key=lambda status: ([*COLORS, status].index(status), status))


def _drawn(bar: Bar, heading: str, y: int, largest: int, total: int) -> list[str]:
    """Return the elements of one bar whose row begins at `y`."""
    color = COLORS.get(bar.status, OTHER)
    left = MARGIN + STATUS
    room = WIDTH - MARGIN - 130 - left - LABEL
    width = max(2.0, round(room * bar.images / largest, 1))
    middle = y + ROW // 2
    return [
        *([_text(MARGIN, middle, heading, color, bold=True)] if heading else []),
        _text(left, middle, _short(bar.label), "#24292f"),
        f'<rect x="{left + LABEL}" y="{middle - BAR // 2}" width="{width}" height="{BAR}" rx="2" fill="{color}"/>',
        _text(left + LABEL + width + 8, middle, f"{bar.images:,} ({_share(bar.images / total)})", "#57606a"),
    ]


def _text(x: float, middle: int, text: str, color: str, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x}" y="{middle + 4}" fill="{color}"{weight}>{_escaped(text)}</text>'


def _short(label: str) -> str:
    return label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"


def _escaped(text: str) -> str:
    """Return the text escaped for XML."""
    return escape("".join(letter if letter.isprintable() else "?" for letter in text))


def _share(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else "< 0.1%"


def _frame(title: str, totals: str, height: int) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="system-ui, Helvetica, Arial, sans-serif" font-size="12.5">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{MARGIN}" y="{MARGIN + 10}" font-size="16" font-weight="600" fill="#24292f">{title}</text>',
        f'<text x="{MARGIN}" y="{MARGIN + 32}" fill="#57606a">{_escaped(totals)}</text>',
    ]
