"""Settings of the merge stage, and the name of a family whose models a job opens."""

from typing import Annotated

from pydantic import Field

from pipeline_lib.core.plugins import PluginName
from pipeline_lib.machine.numerics import NumericSettings

OpenedFamily = Annotated[str, PluginName("families", members=("load", "compose", "PARTS", "LORA_TARGETS"))]


class MergeSettings(NumericSettings):
    """Settings of a merge job."""

    family: OpenedFamily
    seed: int = Field(description="the study's seed, with which a composed base is composed again")
