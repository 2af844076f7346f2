"""Settings of the stage `validate`."""

from typing import Annotated

from pydantic import Field

from pipeline_lib.core.plugins import PluginName
from pipeline_lib.machine.numerics import DeviceSettings


class ValidateSettings(DeviceSettings):
    """The settings of one validate job: rows are encoded as the training encodes them."""

    family: Annotated[str, PluginName("families", members=("load", "encode_row"))]
    template: Annotated[str, PluginName("prompts")]
    max_length: int
    as_original: bool
    seed: int = Field(description="seed of the bootstrap")
