"""Judge `file`: replies that are in files already, in this project's form or as the official code wrote them."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Container, Iterator, Literal, Self, Sequence

from pydantic import Field, field_validator

from pipeline_lib.benchmarks.families.judge_replies import read_replies
from pipeline_lib.benchmarks.families.judging import JudgeReply, JudgeRequest, RecordedReader
from pipeline_lib.job.manifest import Manifest, raw_path
from pipeline_lib.judges.base import Asked, JudgeSettings

RUN = "{run}"


class Settings(JudgeSettings):
    """Which files have the replies."""

    reads_files: ClassVar[bool] = True

    name: Literal["file"]
    files: list[str] = Field(
        min_length=1, description="files of the dataset `replies`; `{run}` in a name is the name of the run"
    )

    @field_validator("files")
    @classmethod
    def _only_run(cls, names: list[str]) -> list[str]:
        for name in names:
            if set("{}") & set(name.replace(RUN, "")):
                raise ValueError(f"{name!r} has braces that are not those of {RUN}")
        return names

    def of_run(self, run: str) -> Self:
        """Return the settings with the name of a run in the names of the files."""
        return self.model_copy(update={"files": [name.replace(RUN, run) for name in self.files]})

    def names(self) -> list[str]:
        """Return the names of the files."""
        return self.files


@dataclass(frozen=True)
class FileJudge:
    """The files of replies, and the reader of official ones."""

    paths: tuple[Path, ...]
    recorded: RecordedReader

    def judge(self, requests: Sequence[JudgeRequest], replied: Container[Asked]) -> Iterator[JudgeReply]:
        """Yield all replies in the files; scoring takes those about the present answers."""
        yield from read_replies(self.paths, self.recorded).all()


def open_judge(settings: Settings, files: list[Manifest], recorded: RecordedReader, state: Path) -> FileJudge:
    """Return the judge; a file that the dataset lacks raises PipelineError."""
    return FileJudge(tuple(raw_path(files, name) for name in settings.files), recorded)
