"""The JSON files that evaluation servers take: a list of answers by the id of a question or the name of its image."""

import json
from dataclasses import dataclass
from typing import Callable, Mapping

from pipeline_lib.benchmarks.base import Files, Question
from pipeline_lib.core.file_rows import number_or_text


def number_of(question: Question) -> int | str:
    """Return a question's id, as a number if it is one."""
    return number_or_text(question.id)


def image_of(question: Question) -> int | str:
    """Return the name of a question's image."""
    return question.images[0]


@dataclass(frozen=True)
class JsonUpload:
    """The `submission` of a benchmark: rows of `key` and `answer`, in the order of the questions.

    `name` returns the value of `key`; `texts` have, by protocol, what becomes of an answer. A missing one is empty.
    """

    key: str
    name: Callable[[Question], int | str]
    texts: Mapping[str, Callable[[str], str]]

    def __call__(self, files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> bytes:
        """Return the file to submit."""
        text_of = self.texts[protocol]
        rows = [{self.key: self.name(question), "answer": text_of(answer or "")} for question, answer in answers]
        return json.dumps(rows).encode()
