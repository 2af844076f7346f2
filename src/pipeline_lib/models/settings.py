"""Settings of the merge stage."""

from pydantic import Field

from pipeline_lib.machine.numerics import NumericSettings


class MergeSettings(NumericSettings):
    """Settings of a merge job."""

    seed: int = Field(description="the study's seed, with which a composed base is composed again")
