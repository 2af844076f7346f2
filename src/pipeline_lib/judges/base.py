"""The interface of a judge: requests about answers in, replies out.

A judge module has `Settings` and `open_judge(settings, files, recorded, state)`.
"""

from pathlib import Path
from typing import ClassVar, Container, Iterator, Protocol, Self, Sequence

from pydantic import Field

from pipeline_lib.benchmarks.families.judging import JudgeReply, JudgeRequest, RecordedReader
from pipeline_lib.core.means import WithMeans
from pipeline_lib.job.manifest import Manifest

Asked = tuple[str, int]  # the digest of a request, and the run


class JudgeSettings(WithMeans):
    """Settings of a judge; `name` names its module. One that `reads_files` takes them from the dataset `replies`."""

    reads_files: ClassVar[bool] = False

    name: str = Field(description="the judge: a module in pipeline_lib/judges")

    def of_run(self, run: str) -> Self:
        """Return the settings for the answers of a run of the study."""
        return self

    def names(self) -> list[str]:
        """Return the names of the files that it reads."""
        return []


class Judge(Protocol):
    """A judge that is ready to reply."""

    def judge(self, requests: Sequence[JudgeRequest], replied: Container[Asked]) -> Iterator[JudgeReply]:
        """Yield the replies to every request and run that is not in `replied`, in any order.

        A judge may leave requests without a reply: their answers are then not judged.
        """


class JudgeModule(Protocol):
    """The members of a judge module."""

    def open_judge(
        self, settings: JudgeSettings, files: list[Manifest], recorded: RecordedReader, state: Path
    ) -> Judge:
        """Return the judge; `files` are the raw shards of its dataset, `recorded` reads official files.

        `state` is a folder whose files an interrupted job finds again when it resumes.
        """
