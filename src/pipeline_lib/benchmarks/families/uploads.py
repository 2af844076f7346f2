"""The files that evaluation servers take, with equal bytes for equal content: answers in JSON, and spreadsheets."""

import csv
import json
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO, StringIO
from typing import Callable, Iterator, Mapping, Sequence

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Files, Question, Upload
from pipeline_lib.core.file_rows import number_or_text
from pipeline_lib.core.tsv import read_tsv

CREATED = datetime(2000, 1, 1)  # is written to a spreadsheet, where the present time would change the bytes
LONGEST = 32_767  # characters that a cell can hold


def number_of(question: Question) -> int | str:
    """Return a question's id, as a number if it is one."""
    return number_or_text(question.id)


def id_of(question: Question) -> int | str:
    """Return a question's id, as text."""
    return question.id


def image_of(question: Question) -> int | str:
    """Return the name of a question's image."""
    return question.images[0]


@dataclass(frozen=True)
class JsonUpload:
    """The `submission` of a benchmark: a JSON list of `key` and `answer_key`, in the order of the questions.

    `name` returns the value of `key`, such as the id or the image. `texts` convert an answer, by protocol; without them
    it is written as it is. A missing answer is empty.
    """

    key: str
    name: Callable[[Question], int | str]
    texts: Mapping[str, Callable[[str], str]] | None = None
    answer_key: str = "answer"

    def __call__(self, files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> bytes:
        """Return the file to submit."""
        text_of = str if self.texts is None else self.texts[protocol]
        rows = [{self.key: self.name(question), self.answer_key: text_of(answer or "")} for question, answer in answers]
        return json.dumps(rows).encode()


@dataclass(frozen=True)
class PredictionSheet:
    """The `submission` of a benchmark in a table: its xlsx, without the `dropped` columns and with `prediction`.

    `predict` makes, by protocol, a prediction of an answer and the options of its question; `column` is the position of
    the new column, from 0.
    """

    predict: Mapping[str, Callable[[str, Mapping[str, str]], str]]
    dropped: tuple[str, ...]
    column: int

    def __call__(self, files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> Upload:
        """Return the file to submit; a row without an answer has the prediction of an empty one."""
        predict = self.predict[protocol]
        predictions = {question.id: predict(answer or "", question.options) for question, answer in answers}
        rows = [row for row in read_tsv(files.questions, ("index",)) if row["index"] in predictions]
        names = [name for name in rows[0] if name not in self.dropped]
        names.insert(self.column, "prediction")
        table: list[dict[str, str | int]] = [
            {**row, "index": int(row["index"]), "prediction": predictions[row["index"]]} for row in rows
        ]
        return workbook([names, *([row[name] for name in names] for row in table)])


def workbook(rows: Sequence[Sequence[str | int]]) -> Upload:
    """Return an xlsx with one sheet; no text becomes a formula or a link, and an empty text has no cell.

    The first row has the names of the columns, and the first column the ids. A text too long for a cell is cut.
    """
    from xlsxwriter import Workbook

    buffer = BytesIO()
    book = Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": CREATED})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, int):
                sheet.write_number(number, column, value)
            elif value:
                sheet.write_string(number, column, value[:LONGEST])
    book.close()
    cut = tuple(_cut_cells(rows))
    return Upload(buffer.getvalue(), cut, _tab_separated(rows) if cut else "")


def _cut_cells(rows: Sequence[Sequence[str | int]]) -> Iterator[dict[str, JsonValue]]:
    """Yield the cells whose text is too long for an xlsx."""
    for row in rows:
        for name, value in zip(rows[0], row, strict=True):
            if isinstance(value, str) and len(value) > LONGEST:
                yield {"row": row[0], "column": name, "length": len(value)}


def _tab_separated(rows: Sequence[Sequence[str | int]]) -> str:
    """Return rows as TSV, every text between quotes, since it may have tabs and ends of lines of any kind."""
    buffer = StringIO(newline="")
    csv.writer(buffer, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    return buffer.getvalue()
