"""The page of the report: sections one below the other, in one file that opens without a network."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any, Sequence

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from pipeline_lib.report import texts
from pipeline_lib.report.discovery import Section
from pipeline_lib.report.facts import Facts

DATA_FILES = ("page_files/page.html", "page_files/macros.html", "page_files/style.css")
FILES = Path(__file__).parent / "page_files"
PAGE, MACROS, STYLE = FILES / "page.html", FILES / "macros.html", FILES / "style.css"


def page(facts: Facts, sections: Sequence[Section]) -> str:
    """Return the HTML page of a study; every text of a model or a file is escaped, and scripts run by their hash."""
    shown = [section for section in sorted(sections, key=lambda each: each.ORDER) if section.wanted(facts)]
    names = {section.TEMPLATE.stem: section for section in shown}
    sources = {f"{name}.html": section.TEMPLATE for name, section in names.items()}
    templates = page_templates({"page.html": PAGE, "macros.html": MACROS, **sources})
    style = STYLE.read_text(encoding="utf-8")
    paths = [section.SCRIPT for section in shown if hasattr(section, "SCRIPT")]
    script = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    return templates.get_template("page.html").render(
        facts=facts,
        sections=[(name, section.TITLE, section.context(facts)) for name, section in names.items()],
        style=Markup(style),
        script=Markup(script),
        policy=policy(script, style),
    )


def policy(script: str, style: str) -> str:
    """Return the content security policy: this script and this style, images in the page, and nothing from outside."""
    allowed = {
        "default-src": "'none'",
        "script-src": _hash(script) if script else "'none'",
        "style-src": _hash(style),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in allowed.items())


def data_text(value: Any) -> Markup:
    """Return JSON that may be the content of a script element, which no text in it can end."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def page_templates(sources: dict[str, Path]) -> Environment:
    """Return templates by name, from their files; they escape every text and refuse an unknown variable."""
    loader = DictLoader({name: path.read_text(encoding="utf-8") for name, path in sources.items()})
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "visible": texts.visible,
        "number": texts.number,
        "signed": texts.signed,
        "interval": texts.interval,
        "counted": texts.counted,
        "data": data_text,
    }
    return environment


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
