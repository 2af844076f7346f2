"""Settings of the merge stage."""

from typing import Annotated

from pydantic import Field

from pipeline_lib.core.plugins import PluginName
from pipeline_lib.machine.numerics import NumericSettings

OPENING = ("load", "compose", "PARTS")  # the members of a family that open the model of a base


class MergeSettings(NumericSettings):
    """Settings of a merge job."""

    family: Annotated[str, PluginName("families", members=(*OPENING, "probe"))]
    seed: int = Field(description="the study's seed, with which a composed base is composed again")
