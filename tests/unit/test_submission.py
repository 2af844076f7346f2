"""The xlsx for MMBench's server: its columns, the texts as they are, equal bytes."""

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pandas as pd
import pytest

from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_lines
from pipeline_lib.core.tsv import read_tsv
from pipeline_lib.job.code.digest import code_digest
from pipeline_lib.job.manifest import write_manifest
from pipeline_lib.scoring.submit import SubmitSettings, make_submission
from tests.project import ROOT
from tests.unit.mmbench_table import answer, row, write

ROWS = [row(1, hint="It barks."), row(2, "A", A="3", D="None"), row(1_000_001, "C", D="")]
SAID = {1: "The answer is B.", 2: "=1+1", 1_000_001: "http://example.org"}
PLUGINS = [f"pipeline_lib.benchmarks.mmbench:{name}" for name in ("questions", "submission")]


def settings(protocol: str = "llava15") -> SubmitSettings:
    return SubmitSettings(benchmark="mmbench", protocol=protocol, files=FileNames(questions="t.tsv"))


def cells(content: bytes) -> list[list[Any]]:
    sheet = openpyxl.load_workbook(BytesIO(content)).active
    assert sheet is not None
    return [list(line) for line in sheet.iter_rows(values_only=True)]


def test_columns_and_texts_are_those_of_the_server(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", ROWS)
    upload, missing = make_submission(answer(tmp_path / "a.jsonl", SAID), files, settings())
    assert missing == 0
    assert cells(upload.content) == [
        ["index", "question", "A", "B", "C", "D", "prediction", "answer", "split"],
        [1, "What is it?", "cat", "dog", "bird", "eel", "The answer is B.", "B", "dev"],
        [2, "What is it?", "3", "dog", "bird", "None", "=1+1", "A", "dev"],
        [1_000_001, "What is it?", "cat", "dog", "bird", None, "http://example.org", "C", "dev"],
    ]
    sheet = openpyxl.load_workbook(BytesIO(upload.content)).active
    assert sheet is not None and sheet["G3"].data_type == "s" and sheet["G4"].hyperlink is None


def test_the_file_is_that_of_the_original_converter(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(index, hint="x", source="s", comment="c") for index in (2, 1, 1_000_002)])
    upload, _ = make_submission(answer(tmp_path / "a.jsonl", {1: "B", 2: "A. cat", 1_000_002: "C"}), files, settings())
    table = pd.read_table(files.questions)
    table = table.drop(columns=["hint", "category", "source", "image", "comment", "l2-category"])
    table.insert(6, "prediction", ["A. cat", "B", "C"])
    table.to_excel(tmp_path / "official.xlsx", index=False, engine="openpyxl")
    assert cells(upload.content) == cells((tmp_path / "official.xlsx").read_bytes())


def test_two_makings_are_equal_bytes_that_know_no_time(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", ROWS)
    answers = answer(tmp_path / "a.jsonl", SAID)
    upload = make_submission(answers, files, settings())[0]
    assert upload == make_submission(answers, files, settings())[0]
    with ZipFile(BytesIO(upload.content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2000-01-01T00:00:00Z" in archive.read("docProps/core.xml")


def test_a_row_without_an_answer_is_empty_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    files = write(tmp_path / "t.tsv", ROWS, without=("answer", "l2-category", "comment"))
    upload, missing = make_submission(answer(tmp_path / "a.jsonl", {2: "A"}), files, settings())
    assert missing == 2 and "2 of 3 questions have no answer" in caplog.text
    assert [line[6:] for line in cells(upload.content)] == [
        ["prediction", "split"], [None, "dev"], ["A", "dev"], [None, "dev"],
    ]  # fmt: skip


def test_internvl_hands_in_the_letter_that_it_reads(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(index) for index in range(1, 5)])
    said = {1: "B. dog", 2: "it is a bird", 3: "(B)", 4: " no idea\n"}
    upload, _ = make_submission(answer(tmp_path / "a.jsonl", said), files, settings("internvl12"))
    assert [line[6] for line in cells(upload.content)] == ["prediction", "B", "C", "(B)", "no idea"]


def test_what_a_cell_cannot_hold_is_cut_there_and_whole_in_a_table(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = write(tmp_path / "t.tsv", [row(1), row(2)])
    long = 'B.\t"so"\n' * 5_000
    upload, _ = make_submission(answer(tmp_path / "a.jsonl", {1: "A", 2: long}), files, settings())
    assert cells(upload.content)[2][6] == long[:32_767]
    assert upload.cut == ({"row": 2, "column": "prediction", "length": 40_000},)
    assert "row 2: `prediction`, 40000 characters, is too long for a cell" in caplog.text
    (tmp_path / "whole.tsv").write_text(upload.whole, newline="")
    heading, *sheet = cells(upload.content)
    whole = [{name: str(cell) for name, cell in zip(heading, line, strict=True)} for line in sheet]
    whole[1]["prediction"] = long
    assert read_tsv(tmp_path / "whole.tsv", heading) == whole


def test_nothing_is_beside_a_file_without_a_cut_cell(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1)])
    upload, _ = make_submission(answer(tmp_path / "a.jsonl", {1: "B" * 32_767}), files, settings())
    assert (upload.cut, upload.whole) == ((), "")


def test_answers_to_other_questions_are_refused(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", ROWS)
    with pytest.raises(PipelineError, match="is not in the question file"):
        make_submission(answer(tmp_path / "a.jsonl", {9: "B"}), files, settings())


def test_the_program_writes_the_file_with_its_manifest_and_record(tmp_path: Path) -> None:
    raw = tmp_path / "raw" / "000"
    raw.mkdir(parents=True)
    files = write(raw / "t.tsv", ROWS)
    answers = answer(tmp_path / "mmbench.jsonl", SAID | {2: "A" * 32_768})
    cache = DigestCache(tmp_path / "digests")
    write_manifest(tmp_path / "raw/000.manifest.json", [raw], cache)
    write_manifest(tmp_path / "mmbench.manifest.json", [answers], cache)
    script = ROOT / "workflow_scripts/submit.py"
    code = " ".join([code_digest(script, *PLUGINS), *PLUGINS])
    options = {
        "answers": "mmbench.manifest.json",
        "questions": "raw/000.manifest.json",
        "submission": "out/mmbench.xlsx",
        "cut": "out/mmbench.xlsx.cut.jsonl",
        "whole": "out/mmbench.xlsx.whole.tsv",
        "manifest": "out/mmbench.xlsx.manifest.json",
        "settings": settings().canonical(),
        "code": code,
        "record": "records/submit/mmbench.json",
        "log": "submit.log",
    }
    command = [
        sys.executable,
        "-P",
        str(script),
        *(part for name, text in options.items() for part in (f"--{name}", text)),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = (tmp_path / "out/mmbench.xlsx").read_bytes()
    upload, _ = make_submission(answers, Files(files.questions), settings())
    assert made == upload.content
    assert (tmp_path / "out/mmbench.xlsx.whole.tsv").read_text() == upload.whole
    cut = {"row": 2, "column": "prediction", "length": 32_768}
    assert list(read_lines(tmp_path / "out/mmbench.xlsx.cut.jsonl")) == [cut]
    entries = json.loads((tmp_path / "out/mmbench.xlsx.manifest.json").read_text())["files"]
    assert [each["path"] for each in entries] == [f"mmbench.xlsx{end}" for end in ("", ".cut.jsonl", ".whole.tsv")]
    assert entries[0]["size"] == len(made)
    assert json.loads((tmp_path / "records/submit/mmbench.json").read_text())["notes"] == {"missing": 0, "cut": 1}
