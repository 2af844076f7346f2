"""Answers in a spreadsheet, as an evaluation server takes them: columns `index`, `prediction` and maybe `question`."""

import zlib
from pathlib import Path
from typing import Any, Iterator
from zipfile import BadZipFile, ZipFile

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.tsv import refuse_repeated

SIGNATURE = b"PK\x03\x04"  # of the archive that an xlsx is
LARGEST = 2**29  # bytes that the archive may unpack to; MMBench's sheet of answers has some millions
COLUMNS = ("index", "prediction")
NO_TEXT = {"f": "a formula", "e": "an error"}  # openpyxl's kinds of cells, whose values are texts to Python
# What openpyxl meets in an archive that is broken or no spreadsheet: its parts are anybody's.
UNREADABLE = (
    *(BadZipFile, zlib.error, OSError, EOFError, SyntaxError, RuntimeError, ArithmeticError, LookupError),
    *(AttributeError, TypeError, ValueError),
)

Cells = list[Any]  # openpyxl's, of one row


def is_spreadsheet(path: Path) -> bool:
    """Return whether a file is an xlsx by its name or its first bytes."""
    if path.suffix.lower() == ".xlsx":
        return True
    with path.open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


def read_predictions(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield `question_id`, `text` and `question` of every row with a prediction, and the place where it stands.

    An empty prediction is no answer. A formula or a number where a text belongs raises PipelineError, as does a file
    that is no spreadsheet of one sheet with the columns.
    """
    heading, *rows = _rows(path)
    refuse_repeated([str(cell.value) for cell in heading if cell.value is not None], path)
    columns = {str(cell.value): column for column, cell in enumerate(heading) if cell.value is not None}
    lacking = [name for name in COLUMNS if name not in columns]
    if lacking:
        value = f"without {', '.join(lacking)}; there is {', '.join(columns) or 'nothing'}"
        raise PipelineError("a spreadsheet of answers has columns `index` and `prediction`", where=path, value=value)
    for number, row in enumerate(rows, 2):
        where = f"{path}, row {number}"
        index, prediction, question = (_cell(row, columns.get(name)) for name in (*COLUMNS, "question"))
        text = _text(prediction, f"{where}, column prediction")
        if text:
            yield where, {"question_id": _index(index, where), "text": text, "question": _plain(question)}


def _rows(path: Path) -> list[Cells]:
    """Return the cells of the only sheet, the heading first."""
    from openpyxl import load_workbook

    try:
        with ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > LARGEST:
            raise PipelineError("this spreadsheet unpacks to too much", where=path, value=f"{unpacked} bytes")
        with path.open("rb") as file:
            book = load_workbook(file, read_only=True)
            sheets = book.worksheets
            for sheet in sheets:
                sheet.reset_dimensions()  # else rows beyond those that the file claims to have are left out
            rows = [list(row) for row in sheets[0].iter_rows()] if len(sheets) == 1 else []
    except UNREADABLE as error:
        cure = "save it again as xlsx, or hand in the answers as JSON Lines"
        raise PipelineError("this spreadsheet cannot be read", where=path, value=str(error)[:150], cure=cure) from error
    if not rows:
        raise PipelineError(
            "a spreadsheet of answers has one sheet with rows", where=path, value=f"{len(sheets)} sheets"
        )
    return rows


def _cell(row: Cells, column: int | None) -> Any:
    return row[column] if column is not None and column < len(row) else None


def _text(cell: Any, where: str) -> str:
    """Return the text of a cell, empty where there is none."""
    if cell is None or cell.value is None:
        return ""
    if cell.data_type in NO_TEXT or not isinstance(cell.value, str):
        kind = NO_TEXT.get(cell.data_type, type(cell.value).__name__)
        cure = "format the column as text, and write what the model said"
        raise PipelineError(f"a text belongs here, not {kind}", where=where, value=cell.value, cure=cure)
    return cell.value


def _index(cell: Any, where: str) -> str:
    """Return the index of a row as text; Excel keeps whole numbers as such."""
    value = None if cell is None else cell.value
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise PipelineError("a row with a prediction needs its index, a whole number", where=where, value=value)
    return str(value)


def _plain(cell: Any) -> str:
    return "" if cell is None or not isinstance(cell.value, str) else cell.value
