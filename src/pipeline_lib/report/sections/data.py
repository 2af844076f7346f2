"""The section of data health: what became of the images of each dataset and of the rows of each table."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from pipeline_lib.report.facts import DataFacts, Facts

DATA_FILES = ("data.html",)
TEMPLATE = Path(__file__).parent / "data.html"
TITLE = "Data health"
ORDER = 50
BAD = ("quarantined",)


def wanted(facts: Facts) -> bool:
    """Return whether the study has images or tables."""
    return bool(facts.datasets or facts.tables)


def context(facts: Facts) -> dict[str, Any]:
    """Return, for every dataset, the number of images by what was done, with the forms of files; rejected rows."""
    rejected = [
        {"name": each.name, "total": sum(each.counts.values()), "reasons": each.counts} for each in facts.tables
    ]
    return {"datasets": [_dataset(each) for each in facts.datasets], "tables": rejected}


def _dataset(facts: DataFacts) -> dict[str, Any]:
    """Return the counts of a dataset, whose names are `done: form of the file`."""
    forms: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for name, count in facts.counts.items():
        done, _, form = name.partition(": ")
        forms[done].append((form, count))
    rows = [
        {"done": done, "count": sum(count for _, count in each), "forms": each, "is_bad": done in BAD}
        for done, each in forms.items()
    ]
    return {"name": facts.name, "files": sum(facts.counts.values()), "rows": rows}
