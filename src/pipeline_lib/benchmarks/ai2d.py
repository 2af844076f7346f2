"""AI2D: multiple choice about diagrams of school science.

Question file of OpenGVLab/InternVL 2410d1d (`ai2d_test_vlmevalkit.jsonl`), whose questions hold their options and the
request for a letter. docs/benchmarks.md compares the protocols.
"""

from dataclasses import dataclass, replace
from itertools import takewhile
from string import ascii_uppercase
from typing import Iterator

from pipeline_lib.benchmarks.base import Files, Question, by_image
from pipeline_lib.benchmarks.families.choice import ChoiceGold, ChoiceQuestions, LetterScorer, Row
from pipeline_lib.benchmarks.families.data import Archive, File, Sources, StandIn
from pipeline_lib.benchmarks.families.letters import (
    lmms_eval_whole_letter,
    vlmevalkit,
    whole_letter,
    whole_letter_in_any_case,
)
from pipeline_lib.benchmarks.families.protocols import SELECT, Wording
from pipeline_lib.benchmarks.families.published import INTERNVL_README, INTERNVLS, NO_ROWS, Published
from pipeline_lib.benchmarks.families.table_rows import is_repeated
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import FileRow, Identifier, Text, parse_row
from pipeline_lib.core.text import read_rows_with_place

PRIMARY = "accuracy"
SHOWN = ("accuracy",)
ROWS_SEEN = NO_ROWS
PUBLISHED = (
    Published(
        INTERNVL_README,
        "internvl12",
        "accuracy",
        "test, in the older file test.jsonl",
        (70.3, 71.6, 74.2),
        trained_on=INTERNVLS,
    ),
)

HUB = "https://huggingface.co/OpenGVLab/InternVL/"
FOLDER = "data/ai2diagram/"  # where InternVL's scripts look for the images
DATA = Sources(
    questions=File("ai2d_questions", HUB + "raw/main/ai2d_test_vlmevalkit.jsonl", smoke=StandIn("*.jsonl")),
    images=Archive("ai2d_images", HUB + "resolve/main/AI2D_TEST.zip", smoke=StandIn("*.png")),
)


@dataclass(frozen=True)
class FileWording(Wording):
    """A wording, or with `as_written` the question with its options and request as the file has it."""

    as_written: bool = False


PROTOCOLS = {
    "internvl12": FileWording(10, as_written=True),
    "lmms_eval": FileWording(16),
    "vlmevalkit": FileWording(2048, question="Question: {}", heading="Options:", request=SELECT),
    "first_token": FileWording(1),
}
SCORER = LetterScorer(
    readers={
        "internvl12": whole_letter_in_any_case,
        "lmms_eval": lmms_eval_whole_letter,
        "vlmevalkit": vlmevalkit,
        "first_token": whole_letter,
    }
)
cluster = by_image


class DiagramRow(FileRow):
    """A row of the question file."""

    question_id: Identifier
    image: Text
    question: Text
    answer: Text


def rows(files: Files) -> Iterator[Row]:
    """Yield the rows in the order of the file, with question and options apart; one that is there twice comes once."""
    for where, row in _file_rows(files):
        question, options = _parts(row, where)
        yield Row(row.question_id, question, options, row.answer, where, (row.image.removeprefix(FOLDER),))


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the rows, worded by the protocol or as they are written."""
    asked = ChoiceQuestions(rows, PROTOCOLS)(files, protocol)
    if not PROTOCOLS[protocol].as_written:
        return asked
    texts = {row.question_id: row.question for _, row in _file_rows(files)}
    return [replace(question, prompt=texts[question.id]) for question in asked]


gold = ChoiceGold(rows)


def _file_rows(files: Files) -> Iterator[tuple[str, DiagramRow]]:
    """Yield the position of every row, and the row."""
    seen: dict[str | int, DiagramRow] = {}
    for where, content in read_rows_with_place(files.questions):
        row = parse_row(DiagramRow, content, "this is no question of AI2D", where)
        if not is_repeated(seen, row.question_id, row, where):
            yield where, row


def _parts(row: DiagramRow, where: str) -> tuple[str, dict[str, str]]:
    """Return the lines before the last one with `A. `, and from there on the options by letter.

    The request for a letter, the line after the options, is left out.
    """
    lines = row.question.split("\n")
    starts = [number for number, line in enumerate(lines) if line.startswith("A. ")]
    if not starts:
        raise PipelineError("no options (lines from `A. ` on) in this question", where=where, value=row.question)
    listed = zip(ascii_uppercase, lines[starts[-1] :], strict=False)
    options = takewhile(lambda pair: pair[1].startswith(f"{pair[0]}. "), listed)
    return "\n".join(lines[: starts[-1]]), {letter: line[3:] for letter, line in options}
