"""The problems of MathVista's files, and the words in which projects ask them.

Rows of lupantech/MathVista 53d5258 (`data/testmini.json`) or of the hub's AI4Math/MathVista; queries of its
`evaluation/build_query.py`, and of EvolvingLMMs-Lab/lmms-eval 75571cf (`lmms_eval/tasks/mathvista`).
"""

from pathlib import Path
from typing import Any, Iterator, Literal

from pipeline_lib.benchmarks.families.question_rows import read_file_rows
from pipeline_lib.benchmarks.families.table_rows import is_repeated, read_table
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import FileRow, FreeText, Identifier, Text, parse_row

COLUMNS = ("pid", "id", "question", "image", "choices", "unit", "precision", "answer", "question_type", "answer_type")
FORM = "a problem of MathVista has pid, question, image, question_type, answer_type and metadata"
HINTS = {
    ("text", None): "Please answer the question and provide the correct option letter, e.g., A, B, C, D, at the end.",
    ("integer", None): "Please answer the question requiring an integer answer and provide the final value, "
    "e.g., 1, 2, 3, at the end.",
    ("float", 1): "Please answer the question requiring a floating-point number with one decimal place "
    "and provide the final value, e.g., 1.2, 1.3, 1.4, at the end.",
    ("float", 2): "Please answer the question requiring a floating-point number with two decimal places "
    "and provide the final value, e.g., 1.23, 1.34, 1.45, at the end.",
    ("list", None): "Please answer the question requiring a Python list as an answer "
    "and provide the final list, e.g., [1, 2, 3], [1.2, 1.3, 1.4], at the end.",
}


class ProblemRow(FileRow):
    """A problem; its query is built where the file has none."""

    pid: Identifier
    question: FreeText
    image: Text
    question_type: Literal["multi_choice", "free_form"]
    answer_type: Literal["text", "integer", "float", "list"]
    metadata: dict[str, Any]
    choices: list[FreeText] | None = None
    unit: str | None = None
    precision: int | float | None = None
    answer: FreeText | None = None
    query: FreeText | None = None


def problems(path: Path) -> Iterator[tuple[str, ProblemRow]]:
    """Yield the problems with their positions: of Parquet files, or of JSON by id or in lines."""
    is_table = path.is_dir() or path.suffix == ".parquet"
    rows = read_table(path, (*COLUMNS, "metadata", "query")) if is_table else _json_rows(path)
    seen: dict[str | int, ProblemRow] = {}
    for where, content in rows:
        row = parse_row(ProblemRow, {"pid": content.get("id"), **content}, FORM, where)
        if not is_repeated(seen, row.pid, row, where):
            yield where, row


def _json_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, content, _ in read_file_rows(path):
        yield where, content


def query(row: ProblemRow, where: str) -> str:
    """Return the query of a problem as the official `build_query.py` writes it."""
    return "\n".join([f"Hint: {_hint(row, where)}", *_asked(row)]).strip() if row.query is None else row.query


def query_hint_behind(row: ProblemRow, where: str) -> str:
    """Return a problem as lmms-eval words it: as the official query, with the hint behind."""
    return "\n".join([*_asked(row), f"Hint: {_hint(row, where)}"]).strip()


def _hint(row: ProblemRow, where: str) -> str:
    hint = HINTS.get((row.answer_type, decimals(row) if row.answer_type == "float" else None))
    if hint is None:
        raise PipelineError(
            "no query asks for this many decimals",
            where=where,
            value=row.precision,
            cure="1 or 2",
        )
    return hint


def _asked(row: ProblemRow) -> list[str]:
    """Return the lines with the question and the choices of a problem."""
    question = f"Question: {row.question}" + (f" (Unit: {row.unit})" if row.unit else "")
    choices = [f"({chr(ord('A') + number)}) {choice}" for number, choice in enumerate(row.choices or ())]
    return [question, *(["Choices:", *choices] if choices else [])]


def decimals(row: ProblemRow) -> int | None:
    """Return how many decimals an answer has, None where the problem does not say."""
    return None if row.precision is None else int(row.precision)
