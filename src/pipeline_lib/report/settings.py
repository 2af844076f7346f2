"""The settings of the report stage: what the page shows, by the names of the study."""

from typing import Annotated, Any

from pydantic import Field

from pipeline_lib.core.plugins import NamesPlugin, PluginName
from pipeline_lib.core.settings import Settings

SECTIONS = "pipeline_lib.report.sections"
BENCHMARK = ("SCORER", "PRIMARY", "SHOWN", "cluster")  # what the page computes and chooses with


class SectionName(NamesPlugin):
    """Annotation for the name of a section, whose code counts in the code digest of the job."""

    def __init__(self) -> None:
        super().__init__("report")

    def used_by(self, value: Any) -> list[str]:
        """Return the module of the section."""
        return [f"{SECTIONS}.{value}"]


class ReportedBenchmark(Settings):
    """A benchmark of the study, by the name of its entry."""

    name: str
    benchmark: Annotated[str, PluginName("benchmarks", members=BENCHMARK)]
    protocol: str


class ReportSettings(Settings):
    """The parts of a study that have a place on the page, in the order of their files."""

    title: str
    option: str = Field(description="the option by which commands name the study, empty for the default one")
    stamp: str | None = Field(default=None, description="the mark of a rehearsal")
    seed: int = Field(description="of the bootstrap, as for the scores")
    margin: float | None = Field(default=None, description="as in the study")
    benchmarks: list[ReportedBenchmark]
    runs: list[str]
    sections: list[Annotated[str, SectionName()]]
