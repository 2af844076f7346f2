"""Source `digits_stand_in`: files of a benchmark about digit scenes, in the form of the real ones."""

import fnmatch
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.sources.base import Failure, SourceSettings

CHANGES = False

Form = Literal[
    "ai2d", "ccbench", "cmmmu", "coco_captions", "coco_train2014", "coco_val2014", "docvqa", "flickr30k",
    "knee_grading", "llava_bench", "mathvista", "mm_vet", "mmbench_cn", "mmbench_test", "mmbench_test_cn", "mme",
    "mmmu", "mmmu_test", "mmvp", "nocaps", "ocrvqa", "refcoco", "refcoco_plus", "refcocog", "seed", "tiny_lvlm",
]  # fmt: skip


class Settings(SourceSettings):
    """Which files to write."""

    kind: Literal["digits_stand_in"]
    form: Form = Field(description="the benchmark, or the images, whose files these are like")
    part: Literal["train", "dev", "test"] = Field(default="test", description="the part of the scenes")
    scenes: int = Field(default=8, gt=0, le=10_000, description="how many scenes; MME has one a category")
    only: str = Field(default="*", description="pattern of the names of the files to write")


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the names of the files."""
    from pipeline_lib.digits.stand_ins.scenes import Scenes
    from pipeline_lib.digits.stand_ins.write import FORMS

    return fnmatch.filter(FORMS[settings.form](Scenes(seed, settings.part, settings.scenes)), settings.only)


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Write the named files below `folder`."""
    from pipeline_lib.digits.stand_ins.scenes import Scenes
    from pipeline_lib.digits.stand_ins.write import FORMS, write

    scenes = Scenes(seed, settings.part, settings.scenes)
    files = FORMS[settings.form](scenes)
    for name in names:
        write(scenes, files[name], folder / name)
    return []
