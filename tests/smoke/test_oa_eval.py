"""The evaluation of knee grades, rehearsed on stand-ins: scores of four models, and their result files by model."""

import json
from pathlib import Path

import pytest

from pipeline_lib.benchmarks.base import Files
from pipeline_lib.benchmarks.knee_grading import questions
from tests.recordings import read_lines
from tests.smoke.rehearsed import rehearsed

RESULTS = "results/oa_eval/smoke"
RUNS = {"llava_med", "llava_med_lora", "llava_med_mlp", "llava_med_full"}  # the others ask servers
KEYS = ["true_grade", "image_file", "predicted_output", "image_name"]


@pytest.mark.smoke
def test_its_models_are_scored_and_their_result_files_are_those_of_the_document(tmp_path: Path) -> None:
    project = rehearsed(tmp_path, "oa_eval", timeout=600)

    score = json.loads((project.root / RESULTS / "knee_grading_score.json").read_text())
    assert (score["stamp"], score["runs"].keys()) == ("SMOKE", RUNS)
    for run in score["runs"].values():
        assert (run["missing"], run["failed"]) == (0, 0) and 0 <= run["metrics"]["accuracy"] <= 1

    for run in RUNS:
        written = project.root / RESULTS / f"submissions/{run}/knee_grading.json"
        content = json.loads(written.read_text())
        answers = read_lines(project.root / RESULTS / f"answers/{run}/knee_grading.jsonl")
        assert list(content) == ["evaluated_grades", "total_images", "grade_distribution", "results"]
        assert [list(row) for row in content["results"]] == [KEYS] * content["total_images"]
        assert [row["predicted_output"] for row in content["results"]] == [answer["text"] for answer in answers]
        assert len(questions(Files(written), "official")) == len(answers)
