"""ScienceQA's files: LLaVA's questions, and the problems and splits of lupantech/ScienceQA 2cbf831."""

from pathlib import Path
from string import ascii_uppercase
from typing import Annotated, Any, Mapping

from pydantic import ConfigDict, Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import FileRow, FreeText, Identifier, Text, parse_row
from pipeline_lib.core.text import read_json, read_object

PROBLEMS, SPLITS = "problems.json", "pid_splits.json"
NO_ANSWER = "problems.json has no answer to this question"


class Turn(FileRow):
    """A turn of a conversation: the question or its answer."""

    value: FreeText


class QuestionRow(FileRow):
    """A row of LLaVA's question file; further keys are allowed, to detect media other than `image`."""

    model_config = ConfigDict(extra="allow")

    id: Identifier
    image: Text | None = None
    conversations: Annotated[list[Turn], Field(min_length=1, max_length=2)]


class Problem(FileRow):
    """A question in problems.json; `answer` is the index of the right choice."""

    choices: Annotated[list[FreeText], Field(min_length=1, max_length=len(ascii_uppercase))]
    answer: int


class ProblemText(FileRow):
    """The question and the hint of a problem, which LLaVA's file has in one text."""

    question: Text
    hint: FreeText = ""


class Split(FileRow):
    """The ids of a split in pid_splits.json."""

    ids: list[Identifier]


def question_rows(path: Path) -> list[tuple[str, QuestionRow]]:
    """Return the rows of the question file, each with its position for error messages."""
    rows = read_json(path)
    if not isinstance(rows, list):
        raise PipelineError("ScienceQA's question file is a JSON list", where=path, value=type(rows).__name__)
    what = "a question needs `id` and `conversations` with texts"
    positions = [f"{path}, row {number}" for number in range(1, len(rows) + 1)]
    return [(where, parse_row(QuestionRow, row, what, where)) for where, row in zip(positions, rows, strict=True)]


def gold_file(folder: Path | None, name: str) -> dict[str, Any] | None:
    """Return the content of a file in the gold folder, None if it is missing."""
    if folder is None or not (folder / name).is_file():
        return None
    return read_object(folder / name)


def problem_letter(name: str, problems: dict[str, Any] | None, folder: Path | None) -> str:
    """Return the letter of a problem; empty if there is no problems.json."""
    if problems is None:
        return ""
    where = f"{folder}/{PROBLEMS}, {name!r}"
    problem = parse_row(Problem, problems.get(name), NO_ANSWER, where)
    if not 0 <= problem.answer < len(problem.choices):
        raise PipelineError(NO_ANSWER, where=where, value=f"answer {problem.answer} of {len(problem.choices)} choices")
    return ascii_uppercase[problem.answer]


def problem_text(name: str, problems: dict[str, Any] | None, folder: Path | None) -> ProblemText:
    """Return question and hint of a problem; without them PipelineError."""
    what = "this protocol words the hint, which LLaVA's file does not separate from the question"
    if problems is None:
        cure = f"name a folder with {PROBLEMS} as gold"
        raise PipelineError(what, where=f"{folder or 'no gold'}, {name!r}", cure=cure)
    return parse_row(ProblemText, problems.get(name), what, f"{folder}/{PROBLEMS}, {name!r}")


def smallest_split(splits: dict[str, Any], letters: Mapping[str, str], folder: Path | None) -> list[str]:
    """Return the ids of the smallest split that contains every question with a letter."""
    where = f"{folder}/{SPLITS}"
    parsed = [
        parse_row(Split, {"ids": ids}, "a split is a list of ids", f"{where}, {name!r}") for name, ids in splits.items()
    ]
    containing = [split.ids for split in parsed if letters.keys() <= set(split.ids)]
    if not containing:
        raise PipelineError(
            "no split of pid_splits.json holds all these questions",
            where=folder,
            cure="use the split file that belongs to this question file",
        )
    return min(containing, key=len)
