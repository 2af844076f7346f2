"""What a subset leaves out: the key `holdout` of a subset."""

from pydantic import Field

from pipeline_lib.config.names import BenchmarkName, SubsetName
from pipeline_lib.core.settings import Settings


class Holdout(Settings):
    """What a subset leaves out, with all rows of its table about the same images."""

    subsets: list[SubsetName] = Field(default=[], description="the rows of these subsets, for validation for example")
    benchmarks: list[BenchmarkName] = Field(
        default=[], description="images that overlap with those of these benchmarks, as `overlap` counts them"
    )
