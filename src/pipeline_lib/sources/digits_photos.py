"""Source `digits_photos`: a few images, named and encoded as in one of LLaVA-1.5's training collections."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.sources.base import Failure, SourceSettings

CHANGES = False


class Settings(SourceSettings):
    """Which collection, and how many images."""

    kind: Literal["digits_photos"]
    collection: Literal["coco", "gqa", "ocr_vqa", "textvqa", "vg_100k", "vg_100k_2", "captions"] = Field(
        description="the collection whose file names the images have"
    )
    images: int = Field(gt=0, description="how many images")


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the names of all images."""
    from pipeline_lib.digits.mix import photo_name

    return [photo_name(settings.collection, number) for number in range(settings.images)]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Draw the named images below `folder`."""
    from pipeline_lib.digits.mix import photo, photo_name

    for number in range(settings.images):
        name = photo_name(settings.collection, number)
        if name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(photo(seed, settings.collection, number))
    return []
