"""Source `digits_answers`: questions with short answers about digit scenes, in the forms of several benchmarks."""

import json
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.core.text import write_lines
from pipeline_lib.sources.base import Failure, SourceSettings

CHANGES = False

Form = Literal["questions", "annotations", "rows", "charts"]


class Settings(SourceSettings):
    """Which scenes to ask about, and which files to write."""

    kind: Literal["digits_answers"]
    part: Literal["train", "dev", "test"] = Field(description="the part of the scenes that the questions are about")
    scenes: int = Field(gt=0, le=10_000_000, description="how many scenes; one question each")
    files: dict[str, Form] = Field(
        description="the forms of the files by their names: `questions` of LLaVA, `annotations` of VQA, `rows` of "
        "InternVL with answers, `charts` of ChartQA"
    )


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the names of the files."""
    return list(settings.files)


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Write the named files below `folder`."""
    from pipeline_lib.digits.answers import annotation, answered_row, ask, chart_row, question_row

    asked = ask(seed, settings.part, settings.scenes)
    for name in names:
        form, target = settings.files[name], folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if form in ("questions", "rows"):
            write_lines(target, [question_row(each) if form == "questions" else answered_row(each) for each in asked])
            continue
        content = (
            [chart_row(each) for each in asked] if form == "charts" else {"annotations": list(map(annotation, asked))}
        )
        target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return []
