"""Answers in MMBench's xlsx: the file that LLaVA hands in scores as the answers in it."""

from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.scoring.answers import read_answers
from pipeline_lib.scoring.score import ScoreSettings, score_verdicts
from pipeline_lib.scoring.submit import SubmitSettings, make_submission
from tests.scored import grade_answers
from tests.unit.mmbench_table import answer, row, write

HEADING = ["index", "question", "prediction"]
ROWS = [row(1, hint="It barks."), row(2, "A"), row(1_000_001, "C"), row(3, "D")]
SAID = {1: "The answer is B.", 2: "B", 1_000_001: "C. bird", 3: "none of them"}


def score(files: Files, answers: Path, protocol: str = "llava15") -> dict[str, Any]:
    settings = ScoreSettings(benchmark="mmbench", protocol=protocol, files=FileNames(questions="q"))
    return score_verdicts(grade_answers(answers, files, settings), settings)


def sheet(path: Path, *rows: list[Any], heading: list[str] = HEADING) -> Path:
    book = openpyxl.Workbook()
    for cells in (heading, *rows):
        book.active.append(cells)
    book.save(path)
    return path


@pytest.mark.parametrize("protocol", ["llava15", "internvl12"])
def test_what_is_handed_in_scores_as_the_answers_it_was_made_of(tmp_path: Path, protocol: str) -> None:
    files = write(tmp_path / "t.tsv", ROWS)
    answers = answer(tmp_path / "a.jsonl", SAID)
    settings = SubmitSettings(benchmark="mmbench", protocol=protocol, files=FileNames(questions="t.tsv"))
    (tmp_path / "a.xlsx").write_bytes(make_submission(answers, files, settings)[0].content)
    assert score(files, tmp_path / "a.xlsx", protocol)["metrics"] == score(files, answers, protocol)["metrics"]


def test_the_file_of_the_original_converter_is_read(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", ROWS)
    table = pd.read_table(files.questions).drop(columns=["hint", "category", "source", "image", "comment"])
    table.insert(6, "prediction", [SAID[index] for index in table["index"]])
    table.to_excel(tmp_path / "official.xlsx", index=False, engine="openpyxl")
    expected = score(files, answer(tmp_path / "a.jsonl", SAID))
    assert score(files, tmp_path / "official.xlsx") == expected


def test_an_empty_prediction_is_a_missing_answer(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1), row(2)])
    scored = score(files, sheet(tmp_path / "a.xlsx", [1, "What is it?", "B"], [2, "What is it?", None], [None] * 3))
    assert (scored["n"], scored["missing"], scored["status"]) == (2, 1, "partial")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([1, "What is it?", "=A1"], r"not a formula(.|\n)*row 2, column prediction(.|\n)*'=A1'"),
        ([1, "What is it?", "#N/A"], r"not an error(.|\n)*row 2"),
        ([1, "What is it?", 3], r"not int(.|\n)*row 2"),
        ([1, "What is it?", True], "not bool"),
        ([None, "What is it?", "B"], r"needs its index(.|\n)*row 2"),
        ([1.5, "What is it?", "B"], r"needs its index(.|\n)*1\.5"),
        ([9, "What is it?", "B"], r"is not in the question file(.|\n)*row 2(.|\n)*'9'"),
        ([1, "Who is it?", "B"], r"another question of the same id(.|\n)*row 2"),
    ],
)
def test_a_row_that_is_no_answer_is_refused_with_its_place(tmp_path: Path, cells: list[Any], message: str) -> None:
    files = write(tmp_path / "t.tsv", [row(1)])
    with pytest.raises(PipelineError, match=message):
        score(files, sheet(tmp_path / "a.xlsx", cells))


def test_a_second_row_of_the_same_index_is_refused(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1)])
    with pytest.raises(PipelineError, match=r"second answer(.|\n)*row 3"):
        score(files, sheet(tmp_path / "a.xlsx", [1, "What is it?", "B"], [1, "What is it?", "A"]))


def test_a_sheet_without_its_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"without prediction; there is index, answer"):
        list(read_answers(sheet(tmp_path / "a.xlsx", [1, "B"], heading=["index", "answer"])))
    with pytest.raises(PipelineError, match=r"same name(.|\n)*prediction"):
        list(read_answers(sheet(tmp_path / "a.xlsx", [1, "A", "B"], heading=["index", "prediction", "prediction"])))
    with pytest.raises(PipelineError, match="one sheet with rows"):
        list(read_answers(sheet(tmp_path / "b.xlsx", heading=[])))


@pytest.mark.parametrize("content", [b"", b"index,prediction\n1,B\n", b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 99])
def test_a_file_that_is_no_spreadsheet_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(PipelineError, match=r"cannot be read(.|\n)*a\.xlsx"):
        list(read_answers(tmp_path / "a.xlsx"))


def test_a_spreadsheet_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    content = sheet(tmp_path / "whole.xlsx", [1, "What is it?", "B"]).read_bytes()
    for end in range(4, len(content), 97):
        (tmp_path / "a.xlsx").write_bytes(content[:end])
        with pytest.raises(PipelineError, match="cannot be read"):
            list(read_answers(tmp_path / "a.xlsx"))


def test_rows_beyond_the_claimed_size_of_a_sheet_are_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for cells in (HEADING, [1, "q", "B"], [2, "q", "A"]):
        book.active.append(cells)
    book.active.calculate_dimension = lambda: "A1:C2"  # type: ignore[method-assign]
    book.save(tmp_path / "a.xlsx")
    assert [answer.row.text for answer in read_answers(tmp_path / "a.xlsx")] == ["B", "A"]
