"""Source `digits_conversations`: LLaVA JSON about digit scenes: `captions.json`, `instructions.json`, `text.json`.

With `lookup_rows` also `lookups.json`.
"""

import json
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.sources.base import Failure, SourceSettings

CHANGES = False


class Settings(SourceSettings):
    """How many rows to write; the scenes are those of `digits_scenes` with the same part."""

    kind: Literal["digits_conversations"]
    part: Literal["train", "dev", "test"] = Field(description="the part of the scenes that rows with images are about")
    scenes: int = Field(gt=0, le=10_000_000, description="how many scenes there are; each has one caption")
    instruction_rows: int = Field(
        gt=0, le=10_000_000, description="single-turn instruction rows, over the scenes in order"
    )
    text_rows: int = Field(gt=0, le=10_000_000, description="rows without images")
    choices: float = Field(default=0.0, ge=0, le=1, description="share of instruction rows that are multiple choice")
    text_choices: float = Field(default=0.0, ge=0, le=1, description="share of text rows that are multiple choice")
    text_lookups: float = Field(
        default=0.0, ge=0, le=1, description="share of text rows that ask for the letter of an option"
    )
    lookup_rows: int = Field(
        default=0, ge=0, le=10_000_000, description="rows of `lookups.json`, which ask for the letter of an option"
    )


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the names of the files."""
    lookups = ["lookups.json"] if settings.lookup_rows else []
    return ["captions.json", "instructions.json", "text.json", *lookups]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Write the named files below `folder`."""
    from pipeline_lib.digits.conversations import caption_rows, instruction_rows, lookup_rows, text_rows

    part, scenes = settings.part, settings.scenes
    makers = {
        "captions.json": lambda: caption_rows(seed, part, scenes),
        "instructions.json": lambda: instruction_rows(seed, part, scenes, settings.instruction_rows, settings.choices),
        "text.json": lambda: text_rows(seed, settings.text_rows, settings.text_choices, settings.text_lookups),
        "lookups.json": lambda: lookup_rows(seed, settings.lookup_rows),
    }
    for name in names:
        (folder / name).write_text(json.dumps(makers[name](), indent=1) + "\n", encoding="utf-8")
    return []
