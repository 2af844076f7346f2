"""The HTML page of a training's conversations: counts, lengths, and rows with trained text marked."""

from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; --ink: #1d2330; --soft: #687083; --paper: #fbfaf7; --card: #fff; --line: #e3e1da;
  --trained: #cfeedd; --trained-ink: #0e4b2d; --image: #dbe6fb; --image-ink: #1d3f86;
  --cut: #f6d9d6; --cut-ink: #84251c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ee; --soft: #9aa2b4; --paper: #14171e; --card: #1c2029;
  --line: #2d333f; --trained: #14462d; --trained-ink: #b9f0d2; --image: #1d3263; --image-ink: #cfdefc;
  --cut: #57211c; --cut-ink: #fbd0cb; } }
body { margin: 0 auto; max-width: 62rem; padding: 2.5rem 1.25rem 5rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2.5rem 0 .75rem; }
.soft, figcaption, header { color: var(--soft); font-size: .875rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; margin-top: 1.5rem; }
.tile, article, .verdict, figure { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.tile { padding: .8rem 1rem; } .tile b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.verdict { margin-top: 1rem; padding: .8rem 1rem; border-left: .35rem solid #3f8f5f; white-space: pre-wrap; }
.verdict.refused { border-left-color: #b8404a; }
figure { margin: 0; padding: 1rem; } svg { display: block; width: 100%; height: 9rem; } rect { fill: #3b76b5; }
article { padding: .9rem 1.1rem; margin: .75rem 0; } header { margin-bottom: .5rem; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font: .9rem/1.75 ui-monospace, monospace; }
mark { border-radius: .25rem; padding: .1rem .2rem; }
.trained { background: var(--trained); color: var(--trained-ink); }
.image { background: var(--image); color: var(--image-ink); }
.cut { background: var(--cut); color: var(--cut-ink); text-decoration: line-through; }
"""

HEADINGS = {
    "drawn": "Rows drawn by the study's seed",
    "untrained": "Rows without a trained token",
    "truncated": "Rows that lose most tokens",
    "control_words": "Rows in which a speaker says a control word",
}


def page(name: str, report: dict[str, Any]) -> str:
    """Return the HTML page of an inspected training; the text of its rows is escaped."""
    sections = [_rows(HEADINGS[group], rows) for group, rows in report["shown"].items() if rows]
    about = (
        f"template {report['template']}, max_length {report['max_length']}, {report['image_tokens']} tokens an image"
    )
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en"><meta charset="utf-8"><title>{escape(name)}: what is trained</title>',
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style>',
            f'<h1>{escape(name)}</h1><div class="soft">{escape(about)}</div>',
            _verdict(report),
            _tiles(report["counts"]),
            _lengths(report["counts"], report["max_length"]),
            '<h2>Marks</h2><pre>not trained <mark class="trained">trained</mark> <mark class="image">image</mark>'
            ' <mark class="cut">cut off</mark></pre>',
            _control_words(report),
            *sections,
            "</html>\n",
        ]
    )


def share(part: int, whole: int) -> str:
    """Return a count and its share, such as `3 (0.12%)`."""
    return f"{part:,} ({part / whole:.2%})" if whole else f"{part:,}"


def _verdict(report: dict[str, Any]) -> str:
    refused = report["refused"]
    if refused is None:
        left_out = report["counts"]["untrained"]["rows"]
        text = f"It may start; {left_out:,} rows without a trained token are left out."
        return f'<div class="verdict">{text}</div>'
    text = "\n".join(escape(f"{name}: {refused[name]}") for name in ("what", "value", "cure"))
    return f'<div class="verdict refused">It must not start.\n{text}</div>'


def _control_words(report: dict[str, Any]) -> str:
    if not report["counts"]["control_words"]:
        return ""
    fate = "become control tokens, as in the original" if report["obeyed"] else "are trained as text"
    return f'<p class="soft">Control words of the tokenizer that a speaker says {fate}.</p>'


def _tiles(counts: dict[str, Any]) -> str:
    rows = counts["rows"]
    tiles = {
        "rows": f"{rows:,}",
        "with an image": share(counts["with_image"], rows),
        "tokens": f"{counts['tokens']:,}",
        "trained tokens": share(counts["trained_tokens"], counts["tokens"]),
        "rows without a trained token": share(counts["untrained"]["rows"], rows),
        "cut rows": share(counts["truncated"]["rows"], rows),
        "tokens cut off": f"{counts['truncated']['tokens']:,}",
        **{f"rows that say {word}": share(count, rows) for word, count in counts["control_words"].items()},
    }
    cells = "".join(f'<div class="tile"><b>{value}</b>{escape(name)}</div>' for name, value in tiles.items())
    return f'<div class="tiles">{cells}</div>'


def _lengths(counts: dict[str, Any], max_length: int) -> str:
    bins = counts["histogram"]
    if not bins:
        return ""
    most, width = max(count for _, count in bins), bins[1][0] - bins[0][0] if len(bins) > 1 else 1
    bars = "".join(
        f'<rect x="{index * 10 + 1}" y="{100 - 100 * count / most:.1f}" width="8" height="{100 * count / most:.1f}">'
        f"<title>{first:,} to {first + width - 1:,} tokens: {count:,} rows</title></rect>"
        for index, (first, count) in enumerate(bins)
    )
    lengths = counts["lengths"]
    text = f"{lengths['least']:,} to {lengths['most']:,} tokens, median {lengths['median']:,}, nine of ten rows at most"
    return (
        "<h2>Tokens of a row</h2><figure>"
        f'<svg viewBox="0 0 {len(bins) * 10} 100" preserveAspectRatio="none">{bars}</svg>'
        f"<figcaption>{text} {lengths['nine_tenths']:,}; cut at {max_length:,}</figcaption></figure>"
    )


def _rows(heading: str, rows: list[dict[str, Any]]) -> str:
    return "\n".join([f"<h2>{heading}</h2>", *map(_row, rows)])


def _row(row: dict[str, Any]) -> str:
    image = "".join(f" · {path}" for path in row["images"])
    lost = f", {row['lost']:,} cut off" if row["lost"] else ""
    about = f"row {row['row']} · {row['id']}{image} · {row['trained']:,} of {row['tokens']:,} tokens trained{lost}"
    return f"<article><header>{escape(about)}</header><pre>{''.join(map(_part, row['parts']))}</pre></article>"


def _part(part: dict[str, Any]) -> str:
    if part["kind"] == "image":
        return f'<mark class="image">image, {part["tokens"]:,} tokens</mark>'
    if part["kind"] == "context":
        return escape(part["text"])
    return f'<mark class="{part["kind"]}" title="{part["tokens"]:,} tokens">{escape(part["text"])}</mark>'
