"""Settings of the embed stage."""

from pipeline_lib.machine.numerics import DeviceSettings


class EmbedSettings(DeviceSettings):
    """The settings of one embed job: those of numeric jobs alone."""
