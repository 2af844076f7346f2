"""Settings of the stages `inspect` and `preview`."""

from typing import Annotated

from pydantic import Field

from pipeline_lib.core.plugin import Registered
from pipeline_lib.core.settings import Settings


class InspectSettings(Settings):
    """What one inspect job needs to know."""

    template: Annotated[str, Registered("prompts")]
    max_length: int = Field(gt=0)
    faithful: bool
    untrained: float = Field(ge=0, le=1)
    sample: bool = Field(description="whether the rows are a rehearsal's, whose shares may be exceeded by chance")
    seed: int


class PreviewSettings(Settings):
    """What one preview job needs to know: nothing but what was counted."""
