"""Source `digits_sets`: a few rows of each annotation file of InternVL-Chat-V1.2, about images of `digits_photos`."""

import json
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.sources.base import Failure, SourceSettings

CHANGES = False


class Settings(SourceSettings):
    """How many rows of each file, and about how many images."""

    kind: Literal["digits_sets"]
    rows: int = Field(gt=0, le=1_000_000, description="how many rows each file has")
    images: int = Field(gt=0, le=1_000_000, description="how many images each collection has; the mix counts its own")
    meta: str | None = Field(default=None, description="the name of a meta file that lists some of them; none: no file")


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the names of the nine files, and of the meta file."""
    from pipeline_lib.digits.sets import NAMES

    return [*NAMES, *([] if settings.meta is None else [settings.meta])]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Write the named files into `folder`."""
    from pipeline_lib.digits.sets import meta_file, set_rows

    for name in names:
        if name == settings.meta:
            text = json.dumps(meta_file(settings.rows), indent=2) + "\n"
        else:
            rows = set_rows(seed, name, settings.rows, settings.images)
            text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        (folder / name).write_text(text, encoding="utf-8")
    return []
