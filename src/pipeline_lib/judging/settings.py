"""Settings of the judge stage."""

from typing import Annotated

from pipeline_lib.benchmarks.base import FileNames
from pipeline_lib.core.plugins import Plugin, PluginName
from pipeline_lib.core.settings import Settings
from pipeline_lib.core.text import canonical_json
from pipeline_lib.judges.base import JudgeSettings

ASKING = ("questions", "gold", "request", "recorded")  # not how a reply is read: an edit of that asks no judge again


class JudgingSettings(Settings):
    """The settings of one judge job; without a judge, it only writes the requests."""

    benchmark: Annotated[str, PluginName("benchmarks", members=ASKING)]
    protocol: str
    files: FileNames
    answer_in: str | None = None
    judge: Annotated[JudgeSettings, Plugin("judges", key="name")] | None

    def means(self) -> str:
        """Return the settings that decide no byte, as JSON."""
        return canonical_json({} if self.judge is None else {"judge": self.judge.means()})
