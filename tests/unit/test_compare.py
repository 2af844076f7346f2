"""Two files of answers, row by row: every kind of difference has its reason, and equal answers have none."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline_lib.benchmarks.base import Files
from pipeline_lib.cli.main import app
from pipeline_lib.config.load import load_study
from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.images.index import merge, write_index
from pipeline_lib.images.shard import convert_shard
from pipeline_lib.sources import digits_pope
from tests.project import ROOT
from tests.recordings import SAMPLES, write_lines

QUESTIONS = [(number, f"{number % 3}.jpg", f"Is there a {name} in the image?") for number, name in enumerate(["car", "dog", "cat", "bus", "cup", "key", "hat", "pen"], 1)]  # fmt: skip
ANSWERS = {number: "Yes, there is." if number % 2 else "No" for number, _, _ in QUESTIONS}
LMMS = {  # what the other tool logged instead, or nothing
    2: "[LMMS_EVAL_REQUEST_FAILED after 2 retries] Error code: 400",
    3: "Yes,  there is.",
    8: " No ",
    4: None,
    5: "Yes, there",
    6: "Yes",
    7: "Yes, there is.\ufffd",
}
REASONS = {
    "2": "a failed request, scored as an answer",
    "3": "other spaces",
    "4": "an answer in one file only",
    "5": "one answer is cut off",
    "6": "another answer",
    "7": "a split character",
}


@pytest.fixture()
def pope(tmp_path: Path) -> Files:
    """Return questions with their labels."""
    rows = [
        {"question_id": number, "image": image, "text": text, "category": "random"} for number, image, text in QUESTIONS
    ]
    write_lines(tmp_path / "questions.jsonl", rows)
    (tmp_path / "labels").mkdir()
    labels = [{**row, "label": "yes" if row["question_id"] % 2 else "no"} for row in rows]
    write_lines(tmp_path / "labels/coco_pope_random.json", labels)
    return Files(tmp_path / "questions.jsonl", tmp_path / "labels")


@pytest.fixture()
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Return our answers, and those that lmms-eval logged."""
    ours, theirs = tmp_path / "ours.jsonl", tmp_path / "theirs.jsonl"
    write_lines(ours, [{"question_id": number, "text": text} for number, text in ANSWERS.items()])
    logged = [
        {
            "doc_id": number,
            "filtered_resps": [text],
            "target": "yes",
            "input": question,
            "pope": {"question_id": number},
        }
        for number, _, question in QUESTIONS
        if (text := LMMS.get(number, ANSWERS[number])) is not None
    ]
    write_lines(theirs, logged)
    return ours, theirs


def compared(pope: Files, files: tuple[Path, Path], *options: str) -> str:
    named = ["--benchmark", "pope", "--questions", str(pope.questions), "--gold", str(pope.gold)]
    result = CliRunner().invoke(app, ["compare", *map(str, files), *named, *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_every_difference_has_its_reason(pope: Files, files: tuple[Path, Path]) -> None:
    table: dict[str, Any] = json.loads(compared(pope, files, "--json"))
    assert {row["id"]: row["reason"] for row in table["differences"]} == REASONS
    assert (table["questions"], table["equal"]) == (8, 2) and sum(table["reasons"].values()) == 6
    row = table["differences"][0]
    assert row["first"] == {"answer": "No", "value": 1.0, "status": "ok"}
    assert row["second"] == {"answer": None, "value": 0.0, "status": "failed"}  # to lmms-eval it is an answer
    assert table["scores"]["first"]["answers_from"] != table["scores"]["second"]["answers_from"] == "lmms_eval"
    assert table["change_the_score"] == 3  # a failed request, a missing answer, and another one


def test_the_text_lists_the_reasons(pope: Files, files: tuple[Path, Path]) -> None:
    text = compared(pope, files)
    assert "2 of 8 answers are equal" in text and "  1 x one answer is cut off" in text
    assert "  6: 'No' against 'Yes': another answer" in text and "  4: 'No' against no answer" in text


def test_a_turned_image_is_a_reason_if_its_index_is_named(
    pope: Files, files: tuple[Path, Path], tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for number in range(3):
        exif = Image.Exif()
        exif[0x0112] = 6 if number == 0 else 1
        Image.new("RGB", (8, 4)).save(raw / f"{number}.jpg", exif=exif)
    rows = convert_shard(raw, sorted(raw.iterdir()), tmp_path / "0.tar", tmp_path / "0.tar", ConvertSettings(to="keep"))
    write_index(tmp_path / "index.parquet", merge([rows], ""))
    table = json.loads(compared(pope, files, "--json", "--images", str(tmp_path / "index.parquet")))
    turned = {row["id"] for row in table["differences"] if "EXIF" in row["reason"]}
    assert turned == {"6"}  # shows image 0; the other questions about it have answers that differ for clearer reasons


def test_a_missing_file_is_an_error(pope: Files, files: tuple[Path, Path]) -> None:
    named = ["--benchmark", "pope", "--questions", str(pope.questions)]
    result = CliRunner().invoke(app, ["compare", str(files[0]), "nowhere.jsonl", *named])
    assert result.exit_code == 1 and "nowhere.jsonl" in f"{result.output}{result.exception}"


def test_a_real_log_of_lmms_eval_agrees_with_our_answers(tmp_path: Path) -> None:
    """60 rows that lmms-eval 0.7.3 asked of a served export of the default study's `full`: docs/accuracy.md."""
    study = load_study(ROOT / "config.yaml")
    source = study.datasets["digits_pope"].source
    digits_pope.fetch(source, study.seed, digits_pope.list_names(source, study.seed), tmp_path)
    files = Files(tmp_path / "llava_pope_test.jsonl", tmp_path / "labels")
    recorded = SAMPLES / "lmms_eval"
    log = recorded / "digits_pope.jsonl"
    table = json.loads(compared(files, (recorded / "answers.jsonl", log), "--json", "--slice", "60"))
    assert (table["questions"], table["equal"], table["differences"]) == (60, 60, [])
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    official = sum(row["pope_accuracy"]["score"] for row in rows) / len(rows)
    assert table["scores"]["second"]["metrics"]["accuracy"] == pytest.approx(official)


def compare_runs(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str) -> str:
    """Return the error of comparing runs of the default study in a project without results."""
    (folder / "config.yaml").symlink_to(ROOT / "config.yaml")
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(app, ["compare", *arguments])
    assert result.exit_code == 1
    return f"{result.output}{result.exception}"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("hlf", "full"), "the study has no such run"),
        (("half", "full", "--benchmark", "pop"), "did you mean 'pope'"),
        (("half", "full"), "snakemake -c2 results/answers/half/pope.jsonl"),
        (("half", "full", "--questions", "config.yaml"), "no such file"),
    ],
)
def test_runs_that_cannot_be_compared_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], expected: str
) -> None:
    assert expected in compare_runs(monkeypatch, tmp_path, *arguments)


def test_a_failed_request_is_a_reason(pope: Files, files: tuple[Path, Path], tmp_path: Path) -> None:
    rows = [{"question_id": number, "text": text, "metadata": {}} for number, text in ANSWERS.items()]
    rows[0] |= {"text": "timed out", "status": "failed"}
    write_lines(tmp_path / "failed.jsonl", rows)
    table = json.loads(compared(pope, (files[0], tmp_path / "failed.jsonl"), "--json"))
    assert [(row["id"], row["reason"]) for row in table["differences"]] == [("1", "a request that failed in one file")]
