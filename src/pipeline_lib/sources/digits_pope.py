"""Source `digits_pope`: POPE about digit scenes, in its official file format."""

import fnmatch
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.core.text import write_lines
from pipeline_lib.sources.base import Failure, SourceSettings

QUESTIONS = "llava_pope_test.jsonl"

CHANGES = False


class Settings(SourceSettings):
    """Which scenes to ask about."""

    kind: Literal["digits_pope"]
    part: Literal["train", "dev", "test"] = Field(description="the part of the scenes that the questions are about")
    scenes: int = Field(gt=0, le=10_000_000, description="how many scenes; six questions each")
    only: str = Field(default="*", description="pattern of the names of the files to write")


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return LLaVA's question file and the three label files."""
    from pipeline_lib.digits.pope import FIRST_ID

    return fnmatch.filter([QUESTIONS, *(f"labels/coco_pope_{category}.json" for category in FIRST_ID)], settings.only)


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Write the named files below `folder`."""
    from pipeline_lib.digits.pope import label_rows, question_rows

    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if name == QUESTIONS:
            rows = question_rows(seed, settings.part, settings.scenes)
        else:
            category = target.stem.removeprefix("coco_pope_")
            rows = label_rows(seed, settings.part, settings.scenes, category)
        write_lines(target, rows)
    return []
