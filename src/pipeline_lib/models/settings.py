"""Settings of the merge stage."""

from pydantic import Field

from pipeline_lib.core.settings import Settings


class MergeSettings(Settings):
    """What one merge job needs to know."""

    seed: int = Field(description="the study's, by which a base is composed where the training composed one")
    threads: int = Field(ge=1)
