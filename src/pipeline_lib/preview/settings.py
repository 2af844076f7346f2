"""Settings of the stages `inspect_rows`, `inspect_images` and `preview`."""

from typing import Annotated

from pydantic import Field

from pipeline_lib.core.plugins import PluginName
from pipeline_lib.core.settings import Settings


class InspectSettings(Settings):
    """The settings of one inspect job."""

    family: Annotated[str, PluginName("families", members=("open_tokens", "encode_row"))]
    template: Annotated[str, PluginName("prompts")]
    max_length: int = Field(gt=0)
    as_original: bool
    untrained: float = Field(ge=0, le=1)
    sample: bool = Field(description="whether the rows are a rehearsal's, whose shares may be exceeded by chance")
    seed: int


class InspectImagesSettings(Settings):
    """The settings of one inspect_images job."""

    images: bool = Field(description="whether every row must have an image; else none may")


class PreviewSettings(Settings):
    """The settings of one preview job: none."""
