"""Settings of a study's `overlap`, and of the stages `fingerprint`, `overlap` and `shared_images`."""

from typing import Annotated

from pydantic import Field

from pipeline_lib.benchmarks.base import FileNames
from pipeline_lib.core.plugins import PluginName
from pipeline_lib.core.settings import Settings

NEAR = 4  # bits of 64; docs/overlap.md has what was measured


class Overlap(Settings):
    """How benchmarks are compared with the rows of trainings."""

    near: int = Field(
        default=NEAR,
        ge=0,
        le=64,
        description="images are alike if at most so many of the 64 bits of their perceptual hashes differ",
    )


class FingerprintSettings(Settings):
    """The settings of every fingerprint job: none."""


class SharedImagesSettings(Settings):
    """The settings of one shared_images job."""

    benchmark: Annotated[str, PluginName("benchmarks", members=("questions",))]
    protocol: str
    files: FileNames
    near: int


class OverlapSettings(SharedImagesSettings):
    """The settings of one overlap job; `subsets` are in the order of their manifests."""

    subsets: list[str]
