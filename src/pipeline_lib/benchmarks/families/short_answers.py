"""Questions with a short answer: rows become prompts by a protocol's wording, and answers are compared with gold ones.

`question_rows` reads the rows, and `comparers` and `vqa` compare.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Mapping, cast

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Asking, Files, Grade, Question
from pipeline_lib.benchmarks.families.comparers import Comparer, Golds
from pipeline_lib.benchmarks.families.counting import Counted
from pipeline_lib.benchmarks.families.protocols import SHORT_BEHIND, SHORT_BELOW
from pipeline_lib.benchmarks.families.question_rows import AskedRow
from pipeline_lib.core.errors import PipelineError


@dataclass(frozen=True)
class ShortWording(Asking):
    """How a project words a question: what it puts `before` it, and its `request` after it.

    With `capitalized`, the first letter is a capital and all others are not. With `as_written`, a prompt in the file is
    taken as it is.
    """

    request: str = SHORT_BELOW
    before: str = ""
    capitalized: bool = False
    as_written: bool = False

    def stem(self, row: AskedRow) -> str:
        """Return the beginning of the prompt, with the question."""
        return self.before + (row.question.capitalize() if self.capitalized else row.question)

    def prompt(self, row: AskedRow) -> str:
        """Return the prompt of a question."""
        if self.as_written and row.prompt is not None:
            return row.prompt
        return f"{self.stem(row)}{self.request}"


LLAVA15 = ShortWording(128, as_written=True)
INTERNVL12 = ShortWording(10, SHORT_BEHIND)
INTERNVL12_LONG = ShortWording(100, SHORT_BEHIND)  # of data sets whose answers may be longer
LMMS_EVAL = ShortWording(16)
VLMEVALKIT = ShortWording(512)
OFFICIAL = ShortWording(128, as_written=True)  # as LLaVA-1.5: repositories of benchmarks say how answers count, only


@dataclass(frozen=True)
class ShortQuestions:
    """The `questions` of a benchmark: the rows that its files have, worded by the protocol."""

    rows: Callable[[Path], list[AskedRow]]
    wordings: Mapping[str, ShortWording]

    def __call__(self, files: Files, protocol: str) -> list[Question]:
        """Return the questions in the order of the file."""
        wording = self.wordings[protocol]
        return [self._question(row, wording) for row in self.rows(files.questions)]

    def _question(self, row: AskedRow, wording: ShortWording) -> Question:
        record = {} if row.record_id is None else {"question_id": row.record_id}
        stem = wording.stem(row)
        return Question(row.id, wording.prompt(row), (row.image,), row.part, record=record, stem=stem)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def no_type(row: AskedRow) -> None:
    """Return None: rows say no type of question."""


@dataclass(frozen=True)
class RowGold:
    """The `gold` of a benchmark whose rows have their answers, in the question file or in another of the same ids.

    Where `type_of` returns the type of a row's question, gold says it too. With `needs_text`, a gold answer of white
    space is refused, because every answer would be right.
    """

    rows: Callable[[Path], list[AskedRow]]
    type_of: Callable[[AskedRow], str | None] = no_type
    needs_text: bool = False

    def __call__(self, files: Files, questions: list[Question], protocol: str) -> dict[str, JsonValue]:
        """Return the gold answers of the questions.

        Conflicting ones for an id raise PipelineError, as does a gold file whose id is that of another question.
        """
        rows: dict[str, AskedRow] = {}
        for row in self.rows(files.gold or files.questions):
            if row.answers and rows.setdefault(row.id, row).answers != row.answers:
                cure = "remove one of the rows"
                raise PipelineError("other gold answers to the same question", where=row.where, value=row.id, cure=cure)
        by_id = {question.id: question for question in questions if question.id in rows}
        for name, question in by_id.items():
            self._check(rows[name], question)
        return {name: self._gold(rows[name]) for name in by_id}

    def _check(self, row: AskedRow, question: Question) -> None:
        if _plain(row.question) not in _plain(question.stem):
            value = f"{row.id}: {row.question!r}, in the question file {question.stem!r}"
            cure = "name the gold file of these questions"
            raise PipelineError(
                "these gold answers are to another question of the id", where=row.where, value=value, cure=cure
            )
        if self.needs_text and not all(answer.strip() for answer in row.answers):
            raise PipelineError("an empty gold answer, which is in every answer", where=row.where, value=row.id)

    def _gold(self, row: AskedRow) -> JsonValue:
        answers: list[JsonValue] = [*row.answers]
        kind = self.type_of(row)
        return answers if kind is None else {"answers": answers, "type": kind}


def golds_of(gold: JsonValue) -> Golds:
    """Return the gold answers of a question: a list, or the `answers` of an object that says more about them."""
    answers = gold["answers"] if isinstance(gold, dict) else gold
    return tuple(cast(list[str], answers))


@dataclass(frozen=True, kw_only=True)
class AnswerScorer(Counted):
    """Grades answers as the protocol's comparer does; one of which nothing is left to compare is unparsed."""

    readers: Mapping[str, Comparer]

    def grade(self, question: Question, gold: JsonValue, answer: str, protocol: str) -> Grade:
        """Return the grade of one answer."""
        value, compared, rule = self.readers[protocol](answer, golds_of(gold))
        return Grade(value, compared, rule, "ok" if compared else "unparsed")
