"""Source `digits_scienceqa`: ScienceQA about digit scenes, in its official file format."""

import fnmatch
import json
from pathlib import Path
from typing import Any, Callable, Literal

from pydantic import Field

from pipeline_lib.sources.base import Failure, SourceSettings

QUESTIONS = "llava_test_CQM-A.json"
PROBLEMS = "scienceqa/problems.json"
SPLITS = "scienceqa/pid_splits.json"

CHANGES = False


class Settings(SourceSettings):
    """Which scenes to ask about."""

    kind: Literal["digits_scienceqa"]
    part: Literal["train", "dev", "test"] = Field(description="the part of the scenes that the questions are about")
    scenes: int = Field(
        gt=0, le=10_000_000, description="how many scenes; one question each, half of them without an image"
    )
    only: str = Field(default="*", description="pattern of the names of the files to write")


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return LLaVA's question file, the problems and the splits."""
    return fnmatch.filter([QUESTIONS, PROBLEMS, SPLITS], settings.only)


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Write the named files below `folder`."""
    from pipeline_lib.digits.scienceqa import problems, question_rows, splits

    makers: dict[str, Callable[[], Any]] = {
        QUESTIONS: lambda: question_rows(seed, settings.part, settings.scenes),
        PROBLEMS: lambda: problems(seed, settings.part, settings.scenes),
        SPLITS: lambda: splits(settings.scenes),
    }
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(makers[name](), indent=1) + "\n", encoding="utf-8")
    return []
