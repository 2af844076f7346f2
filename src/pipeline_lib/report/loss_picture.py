"""Draws the losses of trainings as one SVG, which any browser opens from disk: no page, no script, no network."""

import math
from typing import Mapping, Sequence
from xml.sax.saxutils import escape

from pipeline_lib.report.charts import MARGIN, WIDTH, CurveChart, curve_chart

TITLE = 28  # pixels above every chart
INK, SOFT, GRID, LINE = "#24292f", "#57606a", "#d8dee4", "#3b76b5"


def draw_losses(losses: Mapping[str, Sequence[float]], notes: Mapping[str, str]) -> str:
    """Return an SVG with the loss of every training by step, one below the other; `notes` are behind their names."""
    lines: list[str] = []
    top = 0
    for name, values in losses.items():
        finite = any(map(math.isfinite, values))
        height = TITLE + (chart.height if finite and (chart := curve_chart(values)) else 0)
        heading = f"{name}: {notes[name]}" if finite else f"{name}: no step with a finite loss"
        lines += [f'<g transform="translate(0 {top})">', _text(MARGIN, 18, heading, INK, "start")]
        lines += _chart(chart) if finite else []
        lines.append("</g>")
        top += height
    frame = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}" viewBox="0 0 {WIDTH} {top}" '
        'font-family="system-ui, Helvetica, Arial, sans-serif" font-size="11">'
    )
    return "\n".join([frame, f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>', *lines, "</svg>", ""])


def _chart(chart: CurveChart) -> list[str]:
    right = WIDTH - MARGIN
    lines = [f'<g transform="translate(0 {TITLE - MARGIN // 2})">']
    for tick in chart.y_ticks:
        lines.append(f'<path d="M{chart.left} {tick.at}H{right}" stroke="{GRID}"/>')
        lines.append(_text(chart.left - 6, tick.at + 4, tick.text, SOFT, "end"))
    lines += [_text(tick.at, chart.bottom + 16, tick.text, SOFT, "middle") for tick in chart.x_ticks]
    for points, look in ((chart.thin, 'stroke-width="1" opacity=".35"'), (chart.thick, 'stroke-width="1.5"')):
        lines.append(f'<polyline points="{points}" fill="none" stroke="{LINE}" {look}/>')
    return [*lines, "</g>"]


def _text(x: float, y: float, text: str, colour: str, anchor: str) -> str:
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}">{escape(printable)}</text>'
