"""Questions of another benchmark in another language: the protocols' requests are translated too."""

from dataclasses import dataclass, replace
from typing import Callable

from pipeline_lib.benchmarks.base import Files, Question
from pipeline_lib.benchmarks.families.protocols import LETTER


@dataclass(frozen=True)
class Translated:
    """The `questions` of a benchmark: those of `original`, with `request` in place of that for a letter."""

    original: Callable[[Files, str], list[Question]]
    request: str

    def __call__(self, files: Files, protocol: str) -> list[Question]:
        """Return the questions of the original in their order."""
        return [self._translated(question) for question in self.original(files, protocol)]

    def _translated(self, question: Question) -> Question:
        return replace(question, prompt=question.prompt.removesuffix(LETTER) + self.request)
