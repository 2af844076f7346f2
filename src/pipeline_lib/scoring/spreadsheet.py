"""Read answers from an evaluation server's spreadsheet: columns `index`, `prediction` and optionally `question`."""

import zlib
from pathlib import Path
from typing import Any, Iterator
from zipfile import BadZipFile, ZipFile

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.tsv import refuse_repeated

SIGNATURE = b"PK\x03\x04"  # of the zip archive that an xlsx is
LARGEST = 2**29  # bytes that the archive may unpack to; MMBench's sheet of answers has a few million
COLUMNS = ("index", "prediction")
NO_TEXT = {"f": "a formula", "e": "an error"}  # openpyxl's types of cells whose values are str as well
# The exceptions of openpyxl for a broken archive, or one without a spreadsheet.
UNREADABLE = (
    *(BadZipFile, zlib.error, OSError, EOFError, SyntaxError, RuntimeError, ArithmeticError, LookupError),
    *(AttributeError, TypeError, ValueError),
)

Cells = list[Any]  # openpyxl's cells of one row


def is_spreadsheet(path: Path) -> bool:
    """Return whether a file is an xlsx by its name or its first bytes."""
    if path.suffix.lower() == ".xlsx":
        return True
    with path.open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


def read_predictions(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the position of every row with a prediction, and its `question_id`, `text` and `question`.

    An empty prediction is no answer. A formula or a number in place of a text raises PipelineError, as does a file
    that is not a spreadsheet of one sheet with the required columns.
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


def columns_of(path: Path) -> list[str]:
    """Return the names of the columns; two of the same name raise PipelineError."""
    names = [str(cell.value) for cell in _rows(path)[0] if cell.value is not None]
    refuse_repeated(names, path)
    return names


def cells_of(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the position of every row of a spreadsheet, and the values of its cells by column.

    Two columns of the same name raise PipelineError, as does a formula or an error as prediction.
    """
    heading, *rows = _rows(path)
    refuse_repeated([str(cell.value) for cell in heading if cell.value is not None], path)
    columns = {str(cell.value): column for column, cell in enumerate(heading) if cell.value is not None}
    for number, row in enumerate(rows, 2):
        where, cells = f"{path}, row {number}", {name: _cell(row, column) for name, column in columns.items()}
        prediction = cells.get("prediction")
        if prediction is not None and prediction.data_type in NO_TEXT:
            _text(prediction, f"{where}, column prediction")
        yield where, {name: None if cell is None else cell.value for name, cell in cells.items()}


def _rows(path: Path) -> list[Cells]:
    """Return the cells of the only sheet, the heading first."""
    from openpyxl import load_workbook

    try:
        with ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > LARGEST:
            raise PipelineError("this spreadsheet is too large when unpacked", where=path, value=f"{unpacked} bytes")
        with path.open("rb") as file:
            book = load_workbook(file, read_only=True)
            sheets = book.worksheets
            for sheet in sheets:
                sheet.reset_dimensions()  # otherwise rows beyond the stated dimensions are left out
            rows = [list(row) for row in sheets[0].iter_rows()] if len(sheets) == 1 else []
    except UNREADABLE as error:
        cure = "save it again as xlsx, or pass the answers as JSON Lines"
        raise PipelineError("this spreadsheet cannot be read", where=path, value=str(error)[:150], cure=cure) from error
    if not rows:
        raise PipelineError(
            "a spreadsheet of answers has one sheet with rows", where=path, value=f"{len(sheets)} sheets"
        )
    return rows


def _cell(row: Cells, column: int | None) -> Any:
    return row[column] if column is not None and column < len(row) else None


def _text(cell: Any, where: str) -> str:
    """Return the text of a cell, empty if it has none."""
    if cell is None or cell.value is None:
        return ""
    if cell.data_type in NO_TEXT or not isinstance(cell.value, str):
        kind = NO_TEXT.get(cell.data_type, type(cell.value).__name__)
        cure = "format the column as text, and write the model's answer"
        raise PipelineError(f"this cell must be text, not {kind}", where=where, value=cell.value, cure=cure)
    return cell.value


def _index(cell: Any, where: str) -> str:
    """Return the index of a row as text; Excel stores it as a number."""
    value = None if cell is None else cell.value
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise PipelineError("a row with a prediction needs its index, a whole number", where=where, value=value)
    return str(value)


def _plain(cell: Any) -> str:
    return "" if cell is None or not isinstance(cell.value, str) else cell.value
