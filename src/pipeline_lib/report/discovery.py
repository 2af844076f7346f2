"""Find the sections of the report: every module in `sections/` is one."""

import pkgutil
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from pipeline_lib.report.facts import Facts
from pipeline_lib.report.settings import SECTIONS


class Section(Protocol):
    """The members of a section's module.

    `ORDER` is its position on the page, `TEMPLATE` its Jinja template. A section may have `SCRIPT`, a JavaScript file.
    """

    TITLE: str
    ORDER: int
    TEMPLATE: Path

    def wanted(self, facts: Facts) -> bool:
        """Return whether the section has anything to show."""

    def context(self, facts: Facts) -> dict[str, Any]:
        """Return the variables of the template."""


def section_names() -> list[str]:
    """Return the names of all sections, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent / "sections")]))


def load_section(name: str) -> Section:
    """Return the module of a section."""
    return cast(Section, import_module(f"{SECTIONS}.{name}"))
