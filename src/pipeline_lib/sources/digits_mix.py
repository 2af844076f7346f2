"""Source `digits_mix`: a few rows in the format of LLaVA-1.5's training files, about images of `digits_photos`."""

import json
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.sources.base import Failure, SourceSettings

CHANGES = False

MIX = "llava_v1_5_mix665k.json"


class Settings(SourceSettings):
    """Which file, and how many rows."""

    kind: Literal["digits_mix"]
    file: Literal["llava_v1_5_mix665k.json", "blip_laion_cc_sbu_558k.json"] = Field(
        description="the instruction mix, or the captions of the first stage"
    )
    rows: int = Field(gt=0, le=10_000_000, description="how many rows")


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the file's name."""
    return [settings.file]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Write the file."""
    from pipeline_lib.digits.mix import caption_rows, mix_rows

    make = mix_rows if settings.file == MIX else caption_rows
    for name in names:
        (folder / name).write_text(json.dumps(make(seed, settings.rows), indent=1) + "\n", encoding="utf-8")
    return []
