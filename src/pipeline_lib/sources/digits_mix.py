"""Source `digits_mix`: rows in the form of LLaVA's or LLaVA-SCo's training files, on images of `digits_photos`."""

import json
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.sources.base import Failure, SourceSettings

CHANGES = False

MIX, REVIEWS = "llava_v1_5_mix665k.json", "llava-sco-100k.jsonl"


class Settings(SourceSettings):
    """Which file, and how many rows."""

    kind: Literal["digits_mix"]
    file: Literal["llava_v1_5_mix665k.json", "blip_laion_cc_sbu_558k.json", "llava-sco-100k.jsonl"] = Field(
        description="the instruction mix, the captions of the first stage, or LLaVA-SCo's conversations of two turns"
    )
    rows: int = Field(gt=0, le=10_000_000, description="how many rows")


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the file's name."""
    return [settings.file]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Write the file."""
    from pipeline_lib.digits.mix import caption_rows, mix_rows, review_rows

    for name in names:
        if settings.file == REVIEWS:
            text = "".join(f"{json.dumps(row)}\n" for row in review_rows(seed, settings.rows))
        else:
            make = mix_rows if settings.file == MIX else caption_rows
            text = json.dumps(make(seed, settings.rows), indent=1) + "\n"
        (folder / name).write_text(text, encoding="utf-8")
    return []
