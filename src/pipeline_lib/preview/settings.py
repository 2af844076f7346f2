"""Settings of the stages `inspect_rows`, `inspect_images` and `preview`."""

from typing import Annotated

from pydantic import Field

from pipeline_lib.core.plugins import Registered
from pipeline_lib.core.settings import Settings


class InspectSettings(Settings):
    """What one inspect job needs to know."""

    template: Annotated[str, Registered("prompts")]
    max_length: int = Field(gt=0)
    faithful: bool
    untrained: float = Field(ge=0, le=1)
    sample: bool = Field(description="whether the rows are a rehearsal's, whose shares may be exceeded by chance")
    seed: int


class InspectImagesSettings(Settings):
    """What one inspect_images job needs to know."""

    images: bool = Field(description="whether every row must have an image; else none may")


class PreviewSettings(Settings):
    """What one preview job needs to know: nothing but what was counted."""
