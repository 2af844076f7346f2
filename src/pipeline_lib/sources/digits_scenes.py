"""Source `digits_scenes`: images of digit scenes in many file formats; three of the training part are broken."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.sources.base import Failure, SourceSettings

CHANGES = False


class Settings(SourceSettings):
    """Which scenes to draw."""

    kind: Literal["digits_scenes"]
    part: Literal["train", "dev", "test"] = Field(
        description="which scans the scenes are made of; parts share no scans"
    )
    scenes: int = Field(gt=0, le=10_000_000, description="how many scenes")


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the image names of all scenes of the part."""
    from pipeline_lib.digits.render import image_name

    return [image_name(settings.part, number) for number in range(settings.scenes)]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Draw the named scenes below `folder`."""
    from pipeline_lib.digits.render import encode
    from pipeline_lib.digits.scene import draw_scene

    for name in names:
        number = int(Path(name).stem)
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(encode(draw_scene(seed, settings.part, number), seed, settings.part, number))
    return []
