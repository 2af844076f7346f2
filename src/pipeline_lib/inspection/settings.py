"""Settings of the stages `inspect_questions` and `inspect_benchmarks`."""

from pipeline_lib.benchmarks.base import FileNames
from pipeline_lib.core.settings import Settings


class InspectQuestionsSettings(Settings):
    """What one inspect_questions job needs to know."""

    benchmark: str
    protocol: str
    files: FileNames
    scored: bool


class InspectBenchmarksSettings(Settings):
    """What the inspect_benchmarks job needs to know: nothing but the verdicts."""
