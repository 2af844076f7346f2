"""Tables as tab-separated text: every value is the text that stands there, "None" and "NA" too."""

import warnings
from pathlib import Path
from typing import Sequence

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.reading import open_file

Row = dict[str, str]


def read_tsv(path: Path, columns: Sequence[str]) -> list[Row]:
    """Return the rows of a table by column; an absent value is empty.

    A table that cannot be read, holds no row, lacks one of `columns` or has a row too long raises PipelineError.
    """
    import pandas as pd  # half a second, which those who read no table need not wait

    with open_file(path):
        pass  # a folder, a pipe and what may not be read are refused by name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # else what is too long in a row is dropped
            table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, na_values=[], index_col=False)
    except (
        ValueError,
        OverflowError,
        pd.errors.ParserWarning,
    ) as error:  # pandas' own errors, bytes of no text
        message = str(error).strip()[:150]
        cure = "fetch the file again: it is cut off, or no tab-separated table"
        raise PipelineError("this table cannot be read", where=path, value=message, cure=cure) from error
    lacking = sorted(set(columns) - set(table.columns))
    if lacking or table.empty:
        raise PipelineError("this table lacks columns or rows", where=path, value=lacking or "no rows")
    rows: list[Row] = table.to_dict("records")
    return rows
