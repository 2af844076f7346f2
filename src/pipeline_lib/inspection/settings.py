"""Settings of the stages `inspect_questions` and `inspect_benchmarks`."""

from typing import Annotated

from pipeline_lib.benchmarks.base import FileNames
from pipeline_lib.core.plugins import PluginName
from pipeline_lib.core.settings import Settings


class InspectQuestionsSettings(Settings):
    """The settings of one inspect_questions job."""

    benchmark: Annotated[str, PluginName("benchmarks", members=("questions", "gold"))]
    protocol: str
    files: FileNames
    scored: bool


class InspectBenchmarksSettings(Settings):
    """The settings of the inspect_benchmarks job: none."""
