"""Settings of the merge stage."""

from pydantic import Field

from pipeline_lib.machine.numerics import NumericSettings


class MergeSettings(NumericSettings):
    """What one merge job needs to know."""

    seed: int = Field(description="the study's, by which a base is composed where the training composed one")
