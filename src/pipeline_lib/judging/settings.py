"""Settings of the judge stage."""

from typing import Annotated, Self

from pipeline_lib.benchmarks.base import FileNames
from pipeline_lib.core.plugins import Plugin, PluginName
from pipeline_lib.core.settings import Settings
from pipeline_lib.judges.base import JudgeSettings

ASKING = ("questions", "gold", "request", "recorded")  # not how a reply is read: an edit of that asks no judge again


class JudgingSettings(Settings):
    """The settings of one judge job; without a judge, it only writes the requests."""

    benchmark: Annotated[str, PluginName("benchmarks", members=ASKING)]
    protocol: str
    files: FileNames
    judge: Annotated[JudgeSettings, Plugin("judges", key="name")] | None

    def with_access(self, text: str) -> Self:
        """Return the settings with the access of the judge."""
        return self if self.judge is None else self.model_copy(update={"judge": self.judge.with_access(text)})
