"""Multiple choice: rows become prompts by a protocol's wording, and answers letters by its reader.

A benchmark states how its file is read: a function, or a callable, that returns `Row`s, such as `JsonLines`.
"""

from dataclasses import asdict, dataclass
from string import ascii_uppercase
from typing import Annotated, Callable, Iterable, Iterator, Mapping, Sequence

from pydantic import Field, JsonValue

from pipeline_lib.benchmarks.base import Files, Grade, Question
from pipeline_lib.benchmarks.families.counting import Counted
from pipeline_lib.benchmarks.families.letters import LetterReader
from pipeline_lib.benchmarks.families.protocols import Wording
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import FileRow, FreeText, Identifier, Text, parse_row
from pipeline_lib.core.text import read_rows_with_place


@dataclass(frozen=True)
class Row:
    """One question of a file, before a protocol words it; `where` is its position, for errors."""

    id: str
    question: str
    options: Mapping[str, str]
    answer: str
    where: str
    images: tuple[str, ...] = ()
    part: str = "all"
    hint: str = ""


class ListedRow(FileRow):
    """The content of a row whose choices are a list; `answer` is a letter, or the number of the choice from 0 on."""

    id: Identifier
    question: Text
    choices: Annotated[list[Text], Field(min_length=1, max_length=len(ascii_uppercase))]
    answer: Annotated[int, Field(ge=0)] | Text
    image: Text | None = None
    part: Text = "all"
    hint: FreeText = ""


@dataclass(frozen=True)
class JsonLines:
    """The rows of a question file in JSON Lines, by the keys that it uses; None: it has no such key."""

    id: str = "question_id"
    question: str = "question"
    choices: str = "choices"
    answer: str = "answer"
    image: str | None = "image"
    part: str | None = None
    hint: str | None = None

    def __call__(self, files: Files) -> Iterator[Row]:
        """Yield the rows in the order of the file."""
        keys = {name: key for name, key in asdict(self).items() if key is not None}
        what = f"a question needs {', '.join(f'`{key}`' for key in keys.values())}"
        for where, content in read_rows_with_place(files.questions):
            row = parse_row(
                ListedRow, {name: content[key] for name, key in keys.items() if key in content}, what, where
            )
            options = lettered(row.choices)
            answer = row.answer if isinstance(row.answer, str) else "".join([*options][row.answer : row.answer + 1])
            images = (row.image,) if row.image else ()
            yield Row(row.id, row.question, options, answer, where, images, row.part, row.hint)


def lettered(choices: Sequence[str]) -> dict[str, str]:
    """Return choices by letter, from A on."""
    return dict(zip(ascii_uppercase, choices, strict=False))


@dataclass(frozen=True)
class ChoiceQuestions:
    """The `questions` of a multiple-choice benchmark: its rows, worded by the protocol."""

    rows: Callable[[Files], Iterable[Row]]
    wordings: Mapping[str, Wording]

    def __call__(self, files: Files, protocol: str) -> list[Question]:
        """Return the questions in the order of the rows."""
        word = self.wordings[protocol].prompt
        return [
            Question(row.id, word(row.question, row.options, row.hint), row.images, row.part, row.options)
            for row in self.rows(files)
        ]


@dataclass(frozen=True)
class ChoiceGold:
    """The `gold` of a multiple-choice benchmark whose rows have their answers."""

    rows: Callable[[Files], Iterable[Row]]

    def __call__(self, files: Files, questions: list[Question], protocol: str) -> dict[str, JsonValue]:
        """Return the letter of every row; one that is none of its options raises PipelineError."""
        letters: dict[str, JsonValue] = {}
        for row in self.rows(files):
            if row.answer not in row.options:
                value = f"{row.id}: {row.answer!r} of {', '.join(row.options)}"
                raise PipelineError("the answer is none of the options", where=row.where, value=value)
            letters[row.id] = row.answer
        return letters


@dataclass(frozen=True, kw_only=True)
class LetterScorer(Counted):
    """Grades answers by the letter that the protocol's reader extracts; one beyond the options is wrong."""

    readers: Mapping[str, LetterReader]

    def grade(self, question: Question, gold: JsonValue, answer: str, protocol: str) -> Grade:
        """Return the grade of one answer; without a letter it is wrong and unparsed."""
        letter, rule = self.readers[protocol](answer, question.options)
        return Grade(letter == gold, letter, rule, "unparsed" if letter is None else "ok")
