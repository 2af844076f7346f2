"""MMVP: two options about each of two similar images; a pair is right if both its questions are.

Questions of the hub's MMVP/MMVP (`Questions.csv`). The scorer of tsb0601/MMVP asks a language model and is not
implemented; docs/benchmarks.md compares the protocols, which read letters.
"""

import csv
from collections import Counter
from io import StringIO
from typing import Iterator

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Files, Question, some
from pipeline_lib.benchmarks.families.choice import ChoiceGold, ChoiceQuestions, LetterScorer, Row, lettered
from pipeline_lib.benchmarks.families.counting import Accuracy
from pipeline_lib.benchmarks.families.data import Hub, Sources, StandIn
from pipeline_lib.benchmarks.families.letters import internvl_short, lmms_eval_two, vlmevalkit, whole_letter
from pipeline_lib.benchmarks.families.protocols import SELECT, Wording
from pipeline_lib.benchmarks.families.published import INTERNVL_README, NO_ROWS, Published
from pipeline_lib.benchmarks.families.table_rows import is_repeated
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import Count, FileRow, Text, parse_row
from pipeline_lib.core.reading import read_text
from pipeline_lib.core.tsv import refuse_repeated

PRIMARY = "accuracy"
SHOWN = ("accuracy", "accuracy/rows")
ROWS_SEEN = NO_ROWS
PUBLISHED = (Published(INTERNVL_README, "internvl12", "accuracy", "all pairs", (44.7, 56.7, 58.7)),)

CSV, PICTURES = StandIn("*.csv", "mmvp"), StandIn("*.jpg", "mmvp")  # of `mmvp_judged` too
DATA = Sources(
    questions=Hub("mmvp_questions", "MMVP/MMVP", ("Questions.csv",), file="Questions.csv", smoke=CSV),
    images=Hub("mmvp_images", "MMVP/MMVP", ("MMVP Images/*",), smoke=PICTURES),
)

INDEX = ("Index", "lndex")  # the second is a misspelling in published copies
GOLD = {"(a)": "A", "(b)": "B"}
CORRECTED = {"99": "B", "100": "A", "279": "B", "280": "A"}  # lmms-eval's, by index
CORRECTIONS: dict[str, dict[str, str]] = {"internvl12": {}, "lmms_eval": CORRECTED, "vlmevalkit": {}, "first_token": {}}


def cluster(question: Question) -> str:
    """Return the pair: rows 1 and 2, 3 and 4, …"""
    return str((int(question.id) + 1) // 2)


PROTOCOLS = {
    "internvl12": Wording(100),
    "lmms_eval": Wording(16),
    "vlmevalkit": Wording(2048, question="Question: {}", heading="Options:", request=SELECT),
    "first_token": Wording(1),
}
SCORER = LetterScorer(
    (Accuracy(group=cluster), Accuracy("accuracy/rows")),
    readers={
        "internvl12": internvl_short,
        "lmms_eval": lmms_eval_two,
        "vlmevalkit": vlmevalkit,
        "first_token": whole_letter,
    },
)


class PairRow(FileRow):
    """A row of Questions.csv."""

    index: Count
    question: Text
    options: Text
    answer: Text


def rows(files: Files) -> Iterator[Row]:
    """Yield the rows in the order of the file; one that is there twice comes once."""
    seen: dict[str | int, PairRow] = {}
    for where, cells in _cells(files):
        names = {"question": "Question", "options": "Options", "answer": "Correct Answer"}
        content = {name: cells.get(column) for name, column in names.items()}
        content["index"] = next((cells[name] for name in INDEX if cells.get(name)), None)
        row = parse_row(PairRow, content, "a row has Index, Question, Options and Correct Answer", where)
        answer = GOLD.get(row.answer.strip(), row.answer)
        if not is_repeated(seen, row.index, row, where):
            image = f"MMVP Images/{row.index}.jpg"
            yield Row(str(row.index), row.question, _options(row, where), answer, where, (image,))


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the questions; one without the other of its pair raises PipelineError."""
    asked = ChoiceQuestions(rows, PROTOCOLS)(files, protocol)
    pairs = Counter(map(cluster, asked))
    alone = [question.id for question in asked if pairs[cluster(question)] != len(GOLD)]
    if alone:
        what = "a question is not one of a pair (1 and 2, 3 and 4, …)"
        raise PipelineError(what, where=files.questions, value=some(alone), cure="fetch the file again")
    return asked


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, JsonValue]:
    """Return the letter of every row, with the corrections that the protocol makes."""
    letters = ChoiceGold(rows)(files, questions, protocol)
    return {**letters, **{name: letter for name, letter in CORRECTIONS[protocol].items() if name in letters}}


def _options(row: PairRow, where: str) -> dict[str, str]:
    """Return the options by letter."""
    first, separator, second = row.options.partition("(b)")
    texts = (first.replace("(a)", "").strip(), second.replace("(b)", "").strip())
    if not first.strip().startswith("(a)") or not separator or not all(texts):
        raise PipelineError("the options are not of the form (a) … (b) …", where=where, value=row.options)
    return lettered(texts)


def _cells(files: Files) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the position and the cells of every row by column."""
    table = csv.DictReader(StringIO(read_text(files.questions), newline=""), strict=True)
    try:
        refuse_repeated(table.fieldnames or (), files.questions)
        for cells in table:
            where = f"{files.questions}:{table.line_num}"
            if None in cells:
                raise PipelineError("a row has more cells than the table has columns", where=where, value=cells)
            yield where, cells
    except csv.Error as error:
        where = f"{files.questions}:{table.line_num + 1}"  # the line at which the broken row begins
        raise PipelineError(f"not a CSV table: {error}", where=where, cure="fetch the file again") from error
