"""Source `digits_conversations`: LLaVA JSON about digit scenes: `captions.json`, `instructions.json`, `text.json`."""

import json
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.sources.base import Failure, SourceSettings

LIBRARIES = ("numpy",)
CHANGES = False


class Settings(SourceSettings):
    """How many rows to write; the scenes are those of `digits_scenes` with the same part."""

    kind: Literal["digits_conversations"]
    part: Literal["train", "dev", "test"] = Field(description="the part of the scenes that rows with images are about")
    scenes: int = Field(gt=0, description="how many scenes there are; each has one caption")
    instruction_rows: int = Field(gt=0, description="single-turn instruction rows, about one scene after the other")
    text_rows: int = Field(gt=0, description="rows without images")


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the three file names."""
    return ["captions.json", "instructions.json", "text.json"]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Write the named files below `folder`."""
    from pipeline_lib.digits.conversations import caption_rows, instruction_rows, text_rows

    part, scenes = settings.part, settings.scenes
    makers = {
        "captions.json": lambda: caption_rows(seed, part, scenes),
        "instructions.json": lambda: instruction_rows(seed, part, scenes, settings.instruction_rows),
        "text.json": lambda: text_rows(seed, settings.text_rows),
    }
    for name in names:
        (folder / name).write_text(json.dumps(makers[name](), indent=1) + "\n", encoding="utf-8")
    return []
