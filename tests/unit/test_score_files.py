"""`vlmflow score --write`: the files that a benchmark's own scorer writes."""

import json
from pathlib import Path

from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from pipeline_lib.core.errors import PipelineError
from tests.recordings import Recordings
from tests.unit.test_scienceqa import answers, problem, row, write

WRITTEN = {  # what `eval_science_qa.py` of LLaVA c121f04 writes for these answers
    "correct": [("5", "B", "B", True)],
    "incorrect": [("6", "FAILED", "dog", False), ("7", "E", "E", True), ("8", "FAILED", "FAILED", False)],
}


def test_the_files_of_scienceqa_are_those_of_the_original(tmp_path: Path) -> None:
    rows = [row("5", True), row("6", False), row("7", True), row("8", False)]
    files = write(tmp_path, rows, problems={name["id"]: problem() for name in rows})
    path = answers(tmp_path / "a.jsonl", {"5": "B", "6": "dog", "7": "E"})
    command = ["score", str(path), "--benchmark", "scienceqa", "--questions", str(files.questions)]
    done = CliRunner().invoke(app, [*command, "--gold", str(files.gold), "--write", str(tmp_path / "out")])
    assert done.exit_code == 0, done.exception
    parts = json.loads((tmp_path / "out/final_score.json").read_text())
    keys = ("question_id", "parsed_ans", "pred", "is_multimodal")
    assert {name: [tuple(each[key] for key in keys) for each in listed] for name, listed in parts.items()} == WRITTEN
    assert [each["question"][:9] for each in parts["incorrect"]] == ["Context: ", "<image>\nC", "Unknown"]
    detail = json.loads((tmp_path / "out/final_score_detail.json").read_text())
    assert detail["results"] == {"5": 1, "6": -1, "7": -1, "8": -1}
    assert (detail["acc"], detail["correct"], detail["count"]) == (25.0, 1, 4)
    again = CliRunner().invoke(app, ["score", str(tmp_path / "out/final_score_detail.json"), *command[2:], "--json"])
    assert json.loads(again.stdout)["missing"] == 1


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    path = answers(tmp_path / "a.jsonl", {"5": "B"})
    files = write(tmp_path, [row("5", True)])
    command = ["score", str(path), "--benchmark", "scienceqa", "--questions", str(files.questions)]
    done = CliRunner().invoke(app, [*command, "--write", str(path)])
    assert isinstance(done.exception, PipelineError) and "cannot be written" in str(done.exception)


def test_the_recorded_result_file_is_written_again(recorded: Recordings, tmp_path: Path) -> None:
    folder = recorded.folder / "scienceqa"
    result = folder / "llava-v1.5-13b_result.json"
    options = ["--questions", str(folder / "llava_test_CQM-A.json"), "--write", str(tmp_path)]
    CliRunner().invoke(app, ["score", str(result), "--benchmark", "scienceqa", *options])
    detail = tmp_path / "final_score_detail.json"
    if recorded.source == "whole":
        assert detail.read_bytes() == result.read_bytes()
    else:
        assert json.loads(detail.read_text())["results"] == json.loads(result.read_text())["results"]


def test_a_benchmark_without_such_files_is_refused_with_those_that_have_them(
    recorded: Recordings, tmp_path: Path
) -> None:
    folder = recorded.folder / "mme"
    options = ["--questions", str(folder / "llava_mme.jsonl"), "--gold", str(folder / "gold"), "--write", str(tmp_path)]
    done = CliRunner().invoke(app, ["score", str(folder / "llava-v1.5-13b.jsonl"), "--benchmark", "mme", *options])
    assert isinstance(done.exception, PipelineError) and "scienceqa" in str(done.exception)
