"""Knee grading: which grade an answer names, its metrics, and LLaVA-OA's files, read and written."""

import codecs
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import auc, confusion_matrix, roc_curve
from typer.testing import CliRunner

from pipeline_lib.benchmarks import knee_grading
from pipeline_lib.benchmarks.base import Files
from pipeline_lib.benchmarks.families.grading import area, rating
from pipeline_lib.cli.main import app
from pipeline_lib.core.errors import PipelineError
from tests.conftest import RECORDED
from tests.recordings import SAMPLES

SENTENCE = "The most likely Kellgren-Lawrence grade of this knee X-ray image is Grade {}: Doubtful osteoarthritis."
NAMED: dict[str, tuple[int | None, str]] = {
    SENTENCE.format(1): (1, "named"),
    SENTENCE.format("{3}"): (3, "named"),
    "Grade 0": (0, "named"),
    "**Grade 4**": (4, "named"),
    "grade:2": (2, "named"),
    "Grade 2, at most Grade 3.": (2, "named"),
    "Not Grade 1 but Grade 2.": (1, "named"),  # the first one, whatever is said of it
    "Grade 5": (None, "beyond"),
    "Grade 12": (None, "beyond"),
    "Grade II": (None, "none"),
    "The grade of this image is 2.": (None, "none"),
    "2": (None, "none"),
    "Mild osteoarthritis.": (None, "none"),
    "I cannot determine it.": (None, "none"),
    "likely most most most this this this de de de ritritrit.": (None, "none"),
    "": (None, "none"),
    '{"predicted_label": 3, "probabilities": [0.1, 0.1, 0.1, 0.6, 0.1]}': (3, "classified"),
    '{"predicted_label": 5, "probabilities": []}': (None, "none"),
    '{"predicted_label": "x"}': (None, "none"),
    '{"predicted_label": [1]}': (None, "none"),
    "{": (None, "none"),
    '{"predicted_label": -1}': (None, "none"),
    '{"predicted_label": 1.7}': (None, "none"),
    '{"predicted_label": 1e400}': (None, "none"),
    '{"predicted_label": true}': (None, "none"),
    '{"predicted_label": "2"}': (None, "none"),
    '{"predicted_label": 2, "probabilities": [NaN, 0, 0, 0, 1]}': (None, "none"),
    '{"predicted_label": 2, "probabilities": [0, 0, 0, 0, 1e400]}': (None, "none"),
    '{"predicted_label": 2, "probabilities": [true, "0.5", 0, 0, 0]}': (None, "none"),
    '{"predicted_label": 2, "probabilities": [0.5, 0.5]}': (None, "none"),
    "{Grade 2}: mild osteoarthritis": (2, "named"),
    '{"answer": "Grade 3"}': (3, "named"),
    "Grade 003": (3, "named"),
    "Grade 007": (None, "beyond"),
    "Grade 00": (0, "named"),
}


@pytest.mark.parametrize("answer", NAMED)
def test_the_first_grade_that_an_answer_names_counts(answer: str) -> None:
    read = rating(answer, 5)
    assert (read.grade, read.rule) == NAMED[answer]


@pytest.mark.parametrize("seed", range(5))
def test_an_area_is_that_of_the_original(seed: int) -> None:
    random = np.random.default_rng(seed)
    scores, positive = random.integers(0, 20, 80) / 20, random.random(80) < 0.3
    false, true, _ = roc_curve(positive.astype(int), scores)
    assert area(scores, positive) == pytest.approx(auc(false, true), abs=1e-12)
    assert np.isnan(area(scores, np.ones(80, bool)))


def sample() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((SAMPLES / "knee_grading.json").read_text())
    return content


def written(path: Path, content: Any) -> Path:
    """Write a file as LLaVA-OA publishes it: with a byte-order mark, and lines that end as on Windows."""
    text = json.dumps(content, ensure_ascii=False, indent=4) + "\n"
    path.write_bytes(codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode())
    return path


def score(answers: Path, questions: Path) -> dict[str, Any]:
    options = ["--benchmark", "knee_grading", "--protocol", "official", "--questions", str(questions)]
    done = CliRunner().invoke(app, ["score", str(answers), *options, "--json"], catch_exceptions=False)
    content: dict[str, Any] = json.loads(done.stdout)
    return content


def test_both_forms_of_result_files_are_scored_and_a_classifier_has_areas(tmp_path: Path) -> None:
    answers = written(tmp_path / "model.json", sample()["answers"])
    said = score(answers, answers)
    expected = [row["true_grade"] == rating(row["predicted_output"], 5).grade for row in sample()["answers"]["results"]]
    assert said["metrics"]["accuracy"] == pytest.approx(sum(expected) / 15)
    assert (said["answers_from"], "auc/0" in said["metrics"]) == ("knee_results", False)
    rows = sample()["classified"]
    classified = score(written(tmp_path / "clip.json", rows), answers)
    named, right = [row["predicted_label"] for row in rows], [row["true_label"] for row in rows]
    matrix = confusion_matrix(right, named, labels=range(5))
    counts = [[classified["metrics"][f"confusion/{i}/{j}"] for j in range(5)] for i in range(5)]
    assert counts == matrix.tolist()
    assert classified["metrics"]["mae"] == pytest.approx(np.mean(np.abs(np.subtract(named, right))))
    upper = roc_curve([grade >= 2 for grade in right], [sum(row["probabilities"][2:]) for row in rows])
    assert classified["metrics"]["auc/high"] == pytest.approx(auc(*upper[:2]))
    assert classified["interval"]["auc/high"] is None and classified["interval"]["mae"] is not None


def test_an_answer_that_states_another_grade_of_its_image_is_refused(tmp_path: Path) -> None:
    questions = written(tmp_path / "q.json", sample()["answers"])
    content = sample()["answers"]
    row = content["results"][0]
    row["image_file"] = f"{(row['true_grade'] + 1) % 5}/{row['image_name']}"
    with pytest.raises(PipelineError, match=r"another question of the same id|not in the question file"):
        score(written(tmp_path / "a.json", content), questions)


def test_a_submission_is_a_result_file_and_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path / "model.json", sample()["answers"])
    files = Files(path)
    texts = {row["image_name"][:-4]: row["predicted_output"] for row in sample()["answers"]["results"]}
    asked = knee_grading.questions(files, "official")
    content = knee_grading.submission(files, [(question, texts[question.id]) for question in asked], "official")
    assert content == path.read_bytes().removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n").rstrip()
    some = json.loads(knee_grading.submission(files, [(asked[0], None), (asked[1], "Grade 1")], "official"))
    assert (some["total_images"], some["grade_distribution"]["0"], len(some["results"])) == (1, 1, 1)


def test_the_instruction_file_asks_what_it_says(tmp_path: Path) -> None:
    turns = [
        {"from": "human", "value": f"<image>\n{knee_grading.PROMPT}"},
        {"from": "gpt", "value": SENTENCE.format(1)},
    ]
    path = written(tmp_path / "a.json", [{"id": "1L", "image": "1/1L.png", "conversations": turns}])
    (question,) = knee_grading.questions(Files(path), "official")
    assert (question.id, question.images, question.prompt) == ("1L", ("1/1L.png",), knee_grading.PROMPT)
    assert knee_grading.gold(Files(path), [question], "official") == {"1L": 1}
    assert knee_grading.cluster(question) == "1"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"image_name": "1L.png", "image_file": "0/1L.png", "true_grade": 1}, "not that of the image's folder"),
        ({"image_name": "1L.png", "image_file": "7/1L.png", "true_grade": 7}, "not that of the image's folder"),
        ({"image_name": "2L.png", "image_file": "0/1L.png", "true_grade": 0}, "a result needs"),
        ({"image_name": "1L.png", "image_file": "0/1L.png"}, "a result needs"),
        ({"image_file": "0/1L.png", "true_grade": 0}, "a result needs `image_name`"),
        ({"image": "0/1L.png", "conversations": [{"value": "?"}, {"value": "Mild."}]}, "names no grade"),
        (3, "a result needs"),
    ],
)
def test_a_row_that_is_no_knee_is_refused_with_its_number(tmp_path: Path, row: Any, message: str) -> None:
    path = written(tmp_path / "a.json", [row])
    with pytest.raises(PipelineError, match=rf"{message}(.|\n)*row 1"):
        knee_grading.questions(Files(path), "official")


@pytest.mark.parametrize("content", [{"results": 3}, {}, 3])
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: Any) -> None:
    with pytest.raises(PipelineError, match="no list of knees"):
        knee_grading.questions(Files(written(tmp_path / "a.json", content)), "official")


RECORDED_ACCURACY = {  # over all rows, per cent
    "000-CLIP": 22.1,
    "001-CLIP-OA": 70.3,
    "002-LLaVA-Med-CLIPOA": 27.0,
    "004-LLaVA-Med-LoRA5778": 0.0,
    "007-LLaVA-Med-CLIPOA-MLP500": 67.2,
    "000-GPT-4o": 38.9,
}


@pytest.mark.parametrize("name", RECORDED_ACCURACY)
def test_recorded_results_get_their_accuracy(name: str) -> None:
    folder = RECORDED / "oa"
    if not folder.is_dir():
        pytest.skip(f"the recordings are not here: {folder}")
    scored = score(folder / f"{name}.json", folder / "000-GPT-4o.json")
    assert (scored["n"], scored["missing"]) == (1656, 0)
    assert round(100 * scored["metrics"]["accuracy"], 1) == RECORDED_ACCURACY[name]
    assert scored["unparsed"] == (1656 if name.startswith("004") else 0)


def test_the_recorded_instruction_file_has_a_hundred_knees_of_each_grade() -> None:
    path = RECORDED / "oa/grading_dataset500.json"
    if not path.is_file():
        pytest.skip(f"the recordings are not here: {path}")
    asked = knee_grading.questions(Files(path), "official")
    assert [sum(question.part == str(grade) for question in asked) for grade in range(5)] == [100] * 5
    assert {question.prompt for question in asked} == {knee_grading.PROMPT}
