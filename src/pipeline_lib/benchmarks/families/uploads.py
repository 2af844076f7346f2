"""The files that evaluation servers take, with equal bytes for equal content: answers in JSON, and spreadsheets."""

import json
import logging
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Callable, Collection, Mapping, Sequence

from pipeline_lib.benchmarks.base import Files, Question
from pipeline_lib.core.file_rows import number_or_text
from pipeline_lib.core.tsv import read_tsv

logger = logging.getLogger(__name__)

CREATED = datetime(2000, 1, 1)  # is written to a spreadsheet, where the present time would change the bytes
LONGEST = 32_767  # characters that a cell can hold


def number_of(question: Question) -> int | str:
    """Return a question's id, as a number if it is one."""
    return number_or_text(question.id)


def image_of(question: Question) -> int | str:
    """Return the name of a question's image."""
    return question.images[0]


@dataclass(frozen=True)
class JsonUpload:
    """The `submission` of a benchmark: a JSON list of `key` and `answer`, in the order of the questions.

    `name` returns the value of `key`, such as the id or the image; `texts` have, by protocol, what becomes of an
    answer: nothing without them. A missing one is empty.
    """

    key: str
    name: Callable[[Question], int | str]
    texts: Mapping[str, Callable[[str], str]] | None = None

    def __call__(self, files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> bytes:
        """Return the file to submit."""
        text_of = str if self.texts is None else self.texts[protocol]
        rows = [{self.key: self.name(question), "answer": text_of(answer or "")} for question, answer in answers]
        return json.dumps(rows).encode()


@dataclass(frozen=True)
class PredictionSheet:
    """The `submission` of a benchmark in a table: its xlsx, without the `dropped` columns and with the predictions.

    `predict` makes, by protocol, one of an answer and the options of its question; `column` is as in
    `prediction_sheet`.
    """

    predict: Mapping[str, Callable[[str, Mapping[str, str]], str]]
    dropped: tuple[str, ...]
    column: int

    def __call__(self, files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> bytes:
        """Return the file to submit; a row without an answer has the prediction of an empty one."""
        predict = self.predict[protocol]
        predictions = {question.id: predict(answer or "", question.options) for question, answer in answers}
        return prediction_sheet(read_tsv(files.questions, ("index",)), predictions, self.dropped, self.column)


def prediction_sheet(
    rows: Sequence[Mapping[str, str]], predictions: Mapping[str, str], dropped: Collection[str], column: int
) -> bytes:
    """Return the xlsx of the rows that have a prediction, without the `dropped` columns and with `prediction` inserted.

    `predictions` are by the text in the column `index`, a whole number; `column` counts from 0.
    """
    selection = [row for row in rows if row["index"] in predictions]
    names = [name for name in selection[0] if name not in dropped]
    names.insert(column, "prediction")
    table: list[dict[str, str | int]] = [
        {**row, "index": int(row["index"]), "prediction": predictions[row["index"]]} for row in selection
    ]
    return workbook([names, *([row[name] for name in names] for row in table)])


def workbook(rows: Sequence[Sequence[str | int]]) -> bytes:
    """Return an xlsx with one sheet; no text becomes a formula or a link, and an empty text has no cell.

    A text that is too long for a cell is cut, with a warning.
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
            if isinstance(value, str) and len(value) > LONGEST:
                logger.warning("row %d: a text of %d characters is too long for a cell and was cut", number, len(value))
    book.close()
    return buffer.getvalue()
