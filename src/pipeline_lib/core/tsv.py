"""A reader of tab-separated tables: every value is the cell's text, also "None" and "NA"."""

import warnings
from pathlib import Path
from typing import Sequence

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.reading import numbered_lines

Row = dict[str, str]


def read_tsv(path: Path, columns: Sequence[str]) -> list[Row]:
    """Return the rows of a table as dictionaries; a missing value is an empty text.

    A table raises PipelineError if it cannot be read, has no rows, lacks one of `columns`, repeats a column, has a row
    with too many cells, ends within a row, or has a quote that swallowed cells or rows.
    """
    import pandas as pd  # takes half a second, so only on use

    _check_text(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # else pandas drops surplus cells
            table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, na_values=[], index_col=False)
    except (ValueError, OverflowError, pd.errors.ParserWarning) as error:  # pandas' own errors are ValueErrors
        message = str(error).strip()[:150]
        cure = "fetch the file again: it is cut off, or no tab-separated table"
        raise PipelineError("this table cannot be read", where=path, value=message, cure=cure) from error
    lacking = sorted(set(columns) - set(table.columns))
    if lacking or table.empty:
        raise PipelineError("this table lacks columns or rows", where=path, value=lacking or "no rows")
    rows: list[Row] = table.to_dict("records")
    number = swallowing_row(rows)
    if number is not None:
        raise PipelineError(
            "a quote in this row swallowed the cells or rows behind it", where=f"{path}, row {number}",
            value=str(list(rows[number - 1].values()))[:150],
            cure='write a cell that begins with a quote as `"""like this"" it is whole"`, or fetch the file again',
        )  # fmt: skip
    return rows


def refuse_repeated(columns: Sequence[str], path: Path) -> None:
    """Raise PipelineError if two columns of a table have the same name: one would be lost."""
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        cure = "remove one of them, or give it another name"
        raise PipelineError("two columns of this table have the same name", where=path, value=repeated, cure=cure)


def _check_text(path: Path) -> None:
    """Raise PipelineError if a table is not UTF-8, repeats a column, contains NUL or ends within a row."""
    heading, number, line = "", 0, ""
    for number, line in ((number, line) for number, line in numbered_lines(path) if line.strip()):
        heading = heading or line
        if "\0" in line:
            raise PipelineError("the character NUL, which no text holds", where=f"{path}:{number}", value=line[:80])
    columns = next(iter(heading.splitlines()), "").split("\t")
    refuse_repeated(columns, path)
    is_cut_off = not line.endswith(("\n", "\r")) and line.count("\t") < len(columns) - 1
    if is_cut_off and '"' not in line and "\r" not in line:
        raise PipelineError(
            "this table ends within a row", where=f"{path}:{number}", value=line[:80],
            cure="fetch the file again: it is cut off",
        )  # fmt: skip


def swallowing_row(rows: Sequence[Row]) -> int | None:
    """Return the number, from 1, of the first row with a cell that contains other cells or rows; None without one.

    A cell that begins with a quote ends at the next quote, however far away. A quoted cell may contain tabs and line
    breaks of its own: it counts only if they are where those of swallowed cells would be.
    """
    return next((number for number, row in enumerate(rows, 1) if _swallows(list(row.values()))), None)


def _swallows(cells: list[str]) -> bool:
    last = len(cells) - 1
    for column, cell in enumerate(cells):
        if "\t" not in cell:
            continue
        first, *others = [line.count("\t") for line in cell.split("\n")]
        if not others and not any(cells[len(cells) - first :]) and column + first <= last:
            return True
        if others and (first, others[-1]) == (last - column, column) and all(tabs == last for tabs in others[:-1]):
            return True
    return False
