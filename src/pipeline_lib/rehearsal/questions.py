"""A rehearsal's choice of a benchmark's questions: each part by its share, and questions scored together as a whole."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Annotated, Callable

from pydantic import Field

from pipeline_lib.benchmarks.base import FileNames, Files, Question, load_benchmark
from pipeline_lib.core.plugins import PluginName
from pipeline_lib.core.settings import Settings
from pipeline_lib.rehearsal.chosen import Choice
from pipeline_lib.rehearsal.images import names_by_dataset
from pipeline_lib.rehearsal.order import Group, taken


class QuestionsSettings(Settings):
    """The settings of one job that chooses questions."""

    benchmark: Annotated[str, PluginName("benchmarks", members=("questions", "cluster"))]
    protocol: str
    files: FileNames
    questions: int | None = Field(description="how many to take; None: all, for the images that they use")
    first: int | None = Field(default=None, description="take as many of the first instead")
    seed: int
    images: dict[str, str] = Field(description="the prefix of every dataset that holds images of the benchmark")


@dataclass(frozen=True)
class Part:
    """A part of the questions: the `first` ones of the file, or about `limit`, drawn by the seed; without both, all."""

    limit: int | None
    first: int | None
    seed: int

    def of(self, questions: list[Question], cluster: Callable[[Question], str]) -> list[Question]:
        """Return the questions of this part in their order; a limit takes whole clusters, by the shares of parts."""
        if self.first is not None:
            return questions[: self.first]
        clusters = [cluster(question) for question in questions]
        names = {group.name for group in taken(_groups(questions, clusters), self.limit, self.seed)}
        return [question for question, name in zip(questions, clusters, strict=True) if name in names]


def choose_questions(files: Files, settings: QuestionsSettings) -> Choice:
    """Return the ids of the chosen questions in the order of the question file, and the images that they use."""
    benchmark = load_benchmark(settings.benchmark, settings.protocol)
    questions = benchmark.questions(files, settings.protocol)
    part = Part(settings.questions, settings.first, settings.seed)
    selection = part.of(questions, benchmark.cluster)
    images = names_by_dataset((image for question in selection for image in question.images), settings.images)
    return {"questions": [question.id for question in selection], "images": images}


def _groups(questions: list[Question], clusters: list[str]) -> list[Group]:
    """Return the clusters as groups; the stratum of a group is the set of its questions' parts."""
    parts: dict[str, list[str]] = defaultdict(list)
    for question, cluster in zip(questions, clusters, strict=True):
        parts[cluster].append(question.part)
    return [Group(name, ", ".join(sorted(set(members))), len(members)) for name, members in parts.items()]
