"""Tables as tab-separated text: every value is the text that stands there, "None" and "NA" too."""

import warnings
from pathlib import Path
from typing import Sequence

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.reading import open_file

Row = dict[str, str]


def read_tsv(path: Path, columns: Sequence[str]) -> list[Row]:
    """Return the rows of a table by column; an absent value is empty.

    A table that cannot be read, holds no row, lacks one of `columns`, has a row too long or one that a quote swallowed
    raises PipelineError.
    """
    import pandas as pd  # half a second, which those who read no table need not wait

    with open_file(path):
        pass  # a folder, a pipe and what may not be read are refused by name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # else what is too long in a row is dropped
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


def swallowing_row(rows: Sequence[Row]) -> int | None:
    """Return the number, from 1, of the first row with a cell that holds the ends of other cells or rows; else None.

    A cell that begins with a quote ends at the next one, wherever that stands. A quoted cell may hold tabs and line
    breaks of its own: here they fall as those between the table's cells would.
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
