"""The gold answers of VQA benchmarks: ten a question, in one of the forms in which annotations are published."""

from dataclasses import dataclass
from typing import Annotated, Callable

from pydantic import Field, JsonValue

from pipeline_lib.benchmarks.base import Files, Question
from pipeline_lib.benchmarks.families.question_rows import read_file_rows
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import FileRow, FreeText, Identifier, Text, parse_row

PEOPLE = 10  # who answered each question


class GoldAnswer(FileRow):
    """The answer that one of them gave."""

    answer: FreeText


class Annotation(FileRow):
    """The gold answers of a question, and all by which files name it."""

    answers: Annotated[list[FreeText | GoldAnswer], Field(min_length=PEOPLE, max_length=PEOPLE)]
    question_id: Identifier | None = None
    image_id: Identifier | None = None
    image: Text | None = None
    question: FreeText | None = None
    answer_type: Text | None = None


def by_question_id(row: Annotation) -> tuple[str, ...]:
    """Return the id of a row's question."""
    return () if row.question_id is None else (row.question_id,)


@dataclass(frozen=True)
class VqaGold:
    """The `gold` of a VQA benchmark: ten answers, and with `types` the type that their row says.

    `names` returns the ids that a question may have in question files.
    """

    names: Callable[[Annotation], tuple[str, ...]] = by_question_id
    types: tuple[str, ...] = ()

    def __call__(self, files: Files, questions: list[Question], protocol: str) -> dict[str, JsonValue]:
        """Return the gold answers of the questions; conflicting ones for an id raise PipelineError."""
        if files.gold is None:
            cure = "name the file with ten answers a question as `gold`, or set `scored: false` to submit the answers"
            raise PipelineError("a VQA benchmark is scored against annotations", where=files.questions, cure=cure)
        golds: dict[str, JsonValue] = {}
        for where, content, _ in read_file_rows(files.gold):
            row = parse_row(Annotation, content, "no annotation: it has ten `answers`", where)
            gold = self._gold(row, where)
            for name in self.names(row):
                if golds.setdefault(name, gold) != gold:
                    cure = "remove one of the rows"
                    raise PipelineError("other gold answers to the same question", where=where, value=name, cure=cure)
        return {question.id: golds[question.id] for question in questions if question.id in golds}

    def _gold(self, row: Annotation, where: str) -> JsonValue:
        answers: list[JsonValue] = [each if isinstance(each, str) else each.answer for each in row.answers]
        if not self.types:
            return answers
        if row.answer_type not in self.types:
            value = f"{row.answer_type!r} of {', '.join(self.types)}"
            raise PipelineError(
                "no such `answer_type`",
                where=where,
                value=value,
                cure="use the published annotations",
            )
        return {"answers": answers, "type": row.answer_type}
