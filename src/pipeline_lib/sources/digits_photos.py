"""Source `digits_photos`: a few images, named and encoded as in a collection of training images."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.sources.base import Failure, SourceSettings

CHANGES = False


class Settings(SourceSettings):
    """Which collection, and how many images."""

    kind: Literal["digits_photos"]
    collection: str = Field(
        pattern=r"^[a-z0-9_-]+$",
        description="the collection whose file names the images have: `coco`, `ocr_vqa`, `textvqa`, `captions`; those "
        "of any other are numbers",
    )
    images: int = Field(gt=0, description="how many images")
    below: str = Field(default="", description="the folder of the images in the dataset")


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the names of all images."""
    from pipeline_lib.digits.mix import photo_name

    return [settings.below + photo_name(settings.collection, number) for number in range(settings.images)]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Draw the named images below `folder`."""
    from pipeline_lib.digits.mix import photo, photo_name

    for number in range(settings.images):
        name = settings.below + photo_name(settings.collection, number)
        if name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(photo(seed, settings.collection, number))
    return []
