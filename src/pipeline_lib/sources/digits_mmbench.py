"""Source `digits_mmbench`: MMBench about digit scenes, in its official file format."""

import csv
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.sources.base import Failure, SourceSettings

CHANGES = False


class Settings(SourceSettings):
    """Which scenes to ask about."""

    kind: Literal["digits_mmbench"]
    part: Literal["train", "dev", "test"] = Field(description="the part of the scenes that the questions are about")
    scenes: int = Field(gt=0, le=10_000_000, description="how many scenes; one question each, in four circular copies")
    file: str = Field(default="mmbench_dev.tsv", pattern=r"^[\w.-]+\.tsv$", description="the table's name")


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the name of the table."""
    return [settings.file]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Write the table with its images below `folder`."""
    from pipeline_lib.digits.mmbench import COLUMNS, table_rows

    for name in names:
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="", delimiter="\t", lineterminator="\n")
            writer.writeheader()
            writer.writerows(table_rows(seed, settings.part, settings.scenes))
    return []
