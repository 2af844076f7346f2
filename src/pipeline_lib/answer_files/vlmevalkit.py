"""Reader `vlmevalkit`: VLMEvalKit's predictions as xlsx, TSV or JSON, with the columns `index` and `prediction`.

Forms of open-compass/VLMEvalKit e8e78f0, `vlmeval/smp/file.py` and `vlmeval/inference.py`. `index` is a row of
VLMEvalKit's own table, and an id only where that is the benchmark's; else question, options and image path decide. A
missing value is NaN there, and an error of the model a text: both are failed answers.
"""

import re
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Iterator

from pipeline_lib.answer_files.base import Form, begins_as_json, read_loose_json
from pipeline_lib.answer_files.mmbench import fits as is_mmbench
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.tsv import read_tsv, refuse_repeated
from pipeline_lib.scoring.answers import Joined
from pipeline_lib.scoring.matching import ToolAnswer, join_answers
from pipeline_lib.scoring.question_lookup import QuestionLookup
from pipeline_lib.scoring.spreadsheet import COLUMNS, cells_of, is_spreadsheet

ABOUT = "xlsx, TSV or JSON with index and prediction, of VLMEvalKit"

FAILURE = "Failed to obtain answer"  # the beginning of the text that VLMEvalKit writes for a model's error
WHOLE = re.compile(r"^(\d+)\.0$")  # a whole number in a column of a table that pandas reads as floats
NAN = "nan"  # what Python and pandas make of a missing value as text


def fits(form: Form) -> bool:
    """Return whether a table has the columns; a spreadsheet of MMBench's own form is not VLMEvalKit's."""
    if form.container == "object":
        return (isinstance(form.first.get("columns"), list) and "data" in form.keys) or _is_by_column(form.first)
    if form.container == "spreadsheet":
        return form.has(*COLUMNS) and not is_mmbench(form)
    return form.container in ("table", "list") and form.has(*COLUMNS)


def join(path: Path, lookup: QuestionLookup) -> Joined:
    """Return every question with its answer."""
    return join_answers([_answer_of(row, where) for where, row in _rows(path)], lookup, path)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the position and the columns of every row."""
    if is_spreadsheet(path):
        yield from cells_of(path)
    elif begins_as_json(path):
        for number, row in enumerate(_json_rows(path), 1):
            yield f"{path}, row {number}", row
    else:
        for number, cells in enumerate(read_tsv(path, COLUMNS), 1):
            yield f"{path}, row {number}", dict(cells)


def _json_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a list of objects, or of an object with a list for every column."""
    content = read_loose_json(path)
    if isinstance(content, dict) and _is_by_column(content):
        content = [dict(zip(content, values, strict=True)) for values in zip(*content.values(), strict=True)]
    if isinstance(content, dict) and isinstance(content.get("columns"), list) and isinstance(content.get("data"), list):
        content = _table_rows(content["columns"], content["data"], path)
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise PipelineError("predictions are a list of objects, or columns of equal length", where=path)
    return content


def _table_rows(columns: list[Any], rows: list[Any], path: Path) -> list[dict[str, Any]]:
    """Return the rows of a table as objects; a row with more or fewer cells than columns raises PipelineError."""
    refuse_repeated([str(name) for name in columns], path)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(columns):
            what = f"a row of this table needs {len(columns)} cells"
            raise PipelineError(what, where=f"{path}, row {number}", value=row, cure="write the file again")
    return [dict(zip(map(str, columns), row, strict=True)) for row in rows]


def _is_by_column(content: Any) -> bool:
    lists = list(content.values()) if isinstance(content, dict) and set(COLUMNS) <= content.keys() else []
    return bool(lists) and all(isinstance(each, list) and len(each) == len(lists[0]) for each in lists)


def _answer_of(row: dict[str, Any], where: str) -> ToolAnswer:
    lacking = [name for name in COLUMNS if name not in row]
    index = None if lacking else _index(row["index"])
    if index is None:
        what = "a row of predictions has `index`, a whole number or a text, and `prediction`"
        raise PipelineError(what, where=where, value=row.get("index"), cure="write the file again")
    return ToolAnswer(
        where=where,
        text=_text(row["prediction"], where),
        id=index,
        question=_plain(row.get("question")),
        image=_plain(row.get("image_path")),
        part=_plain(row.get("category")),
        id_is_row=True,
        options={letter: _plain(row[letter]) for letter in ascii_uppercase if _plain(row.get(letter))},
    )


def _index(value: Any) -> str | None:
    """Return an index as text, None for what is none; pandas writes 3 as 3.0 in a column that lacks a value."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    if value is None or value == "" or isinstance(value, bool):
        return None
    return WHOLE.sub(r"\1", str(value))


def _text(value: Any, where: str) -> str | None:
    """Return a prediction, None if it is missing or says that the model failed."""
    if value is None or value == "" or value == NAN:
        return None
    if not isinstance(value, str):
        cure = "write it as text"
        raise PipelineError("a prediction is a text", where=where, value=value, cure=cure)
    return None if value.startswith(FAILURE) else value


def _plain(value: Any) -> str:
    return "" if value is None or value == NAN else str(value)
