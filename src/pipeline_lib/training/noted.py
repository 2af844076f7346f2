"""Facts that the processes of a training note, for its record: a file in the folder of its states."""

import json
from pathlib import Path
from typing import Any

from pipeline_lib.core.text import read_object
from pipeline_lib.training.sharding import is_first

FACTS = "facts.json"


def note(folder: Path, **facts: Any) -> None:
    """Add facts to those of a training; the first process does."""
    if is_first():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FACTS).write_text(json.dumps({**noted(folder), **facts}), encoding="utf-8")


def noted(folder: Path) -> dict[str, Any]:
    """Return the facts that the processes of a training noted."""
    return read_object(folder / FACTS) if (folder / FACTS).is_file() else {}
