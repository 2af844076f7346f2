"""Source `digits_stand_in`: files of a benchmark about digit scenes, in the form of the real ones."""

import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Literal, Mapping

from pydantic import Field, field_validator

from pipeline_lib.core.errors import suggest
from pipeline_lib.sources.base import Failure, SourceSettings

if TYPE_CHECKING:
    from pipeline_lib.digits.stand_ins.scenes import Files, Scenes

CHANGES = False


def _forms() -> "Mapping[str, Callable[[Scenes], Files]]":
    from pipeline_lib.digits.stand_ins.write import FORMS

    return FORMS


def _add_forms(schema: dict[str, Any]) -> None:
    """Add the names of all forms to the JSON schema of the setting."""
    schema["enum"] = sorted(_forms())


class Settings(SourceSettings):
    """Which files to write."""

    kind: Literal["digits_stand_in"]
    form: str = Field(
        description="the benchmark, or the images, whose files these are like", json_schema_extra=_add_forms
    )
    part: Literal["train", "dev", "test"] = Field(default="test", description="the part of the scenes")
    scenes: int = Field(default=8, gt=0, le=10_000, description="how many scenes; MME has one a category")
    only: str = Field(default="*", description="pattern of the names of the files to write")

    @field_validator("form")
    @classmethod
    def _is_known(cls, form: str) -> str:
        if form not in _forms():
            raise ValueError(f"no stand-in has the form {form!r}; {suggest(form, _forms())}")
        return form


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the names of the files."""
    from pipeline_lib.digits.stand_ins.scenes import Scenes

    return fnmatch.filter(_forms()[settings.form](Scenes(seed, settings.part, settings.scenes)), settings.only)


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Write the named files below `folder`."""
    from pipeline_lib.digits.stand_ins.scenes import Scenes
    from pipeline_lib.digits.stand_ins.write import write

    scenes = Scenes(seed, settings.part, settings.scenes)
    files = _forms()[settings.form](scenes)
    for name in names:
        write(scenes, files[name], folder / name)
    return []
