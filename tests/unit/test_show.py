"""`vlmflow show`: a number stands with its mark and its status, and where there is none a dash."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from pipeline_lib.core.text import pretty_json
from pipeline_lib.lineage.jobs import AssessedJob
from tests.jobs import assessed_job
from tests.project import ROOT

RUNS = ("untrained", "half", "full")


@pytest.fixture()
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project's folder with the study `mini`, in which the command runs."""
    (tmp_path / "studies").mkdir()
    shutil.copy(ROOT / "studies/mini.yaml", tmp_path / "studies")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    jobs = [score_job(run) for run in RUNS]
    monkeypatch.setattr("pipeline_lib.cli.show.plan", lambda study, look: jobs)
    return tmp_path


def run_score(**keys: Any) -> dict[str, Any]:
    metrics = {"f1": 0.8, "accuracy": 0.7}
    interval = {"f1": [0.7, 0.9], "accuracy": [0.6, 0.8]}
    counts = {"n": 60, "unparsed": 0, "missing": 0, "status": "complete", "marks": {}}
    return {"metrics": metrics, "interval": interval, **counts} | keys


def score_job(run: str) -> AssessedJob:
    """Return what the plan says of a score that holds."""
    outputs = {"score": f"results/mini/scores/{run}/pope.json"}
    return assessed_job("score", outputs=outputs, record=f"results/mini/records/score/{run}-pope.json")


def shown(folder: Path, **full: Any) -> str:
    for run in RUNS:
        path = folder / f"results/mini/scores/{run}/pope.json"
        path.parent.mkdir(parents=True)
        score = run_score(**full) if run == "full" else run_score()
        path.write_text(pretty_json({"benchmark": "pope", "protocol": "llava15", **score}))
    done = CliRunner().invoke(app, ["show", "--study", "mini"])
    assert done.exit_code == 0, done.exception
    return done.stdout


def test_a_marked_number_stands_with_its_mark_and_reason(folder: Path) -> None:
    text = shown(folder, status="unparsed", unparsed=60, marks={"unparsed": "60 of 60 answers"})
    assert "0.800 [0.700, 0.900] unparsed" in text
    assert "pope of full is marked unparsed: 60 of 60 answers" in text


def test_a_metric_that_a_machine_could_not_compute_is_named_with_the_reason(folder: Path) -> None:
    text = shown(folder, unavailable={"cider": "no `java` is on the path; cider_plain is not comparable"})
    assert "pope of full: cider is not computed: no `java` is on the path; cider_plain is not comparable" in text
    assert text.count("not computed") == 1


def test_a_study_without_marks_shows_none(folder: Path) -> None:
    text = shown(folder)
    assert text.count("0.800 [0.700, 0.900]") == 3 and text.count(" ok ") == 3
    assert "marked" not in text and "failed" not in text


def test_failed_requests_are_counted_where_there_are_some(folder: Path) -> None:
    (line,) = (line for line in shown(folder, failed=7).splitlines() if line.startswith(" full"))
    assert line.split()[-3:] == ["0", "7", "ok"]


def test_a_metric_over_nothing_is_a_dash(folder: Path) -> None:
    text = shown(folder, metrics={"f1": None, "accuracy": 0.7}, interval={"f1": None, "accuracy": [0.6, 0.8]})
    assert "\u2013" in text


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"metrics": {"f1": "high"}}', '{"metrics": {"f1": 0.9}}'])
def test_what_is_no_score_is_a_dash_beside_its_status_and_the_other_runs_are_shown(folder: Path, text: str) -> None:
    shown(folder)
    (folder / "results/mini/scores/untrained/pope.json").write_text(text)
    done = CliRunner().invoke(app, ["show", "--study", "mini"])
    assert done.exit_code == 0, done.exception
    (row,) = [line for line in done.stdout.splitlines() if "untrained" in line]
    assert row.count("\u2013") == 5 and done.stdout.count("0.800 [0.700, 0.900]") == 2


def test_a_score_over_some_questions_is_partial_with_its_share_and_bounds(folder: Path) -> None:
    scope = {"asked": "slice 60", "answered": 60, "of": 8910, "coverage": 60 / 8910}
    text = shown(folder, scope=scope, bounds={"f1": [0.01, 0.99], "accuracy": None})
    assert "60/8910" in text
    line = "pope of full is PARTIAL, slice 60: 60 of 8,910 questions scored (0.7%); over all: f1 0.010 to 0.990"
    assert line in text and text.count("PARTIAL") == 1


def test_a_run_that_reviews_its_answers_has_a_table_of_its_turns_and_lines_on_the_changes(folder: Path) -> None:
    def after(turn: int, f1: float, right: int) -> dict[str, Any]:
        rates = {"metrics": {"f1": f1}, "interval": {"f1": [f1 - 0.1, f1 + 0.1]}}
        costs = {"tokens": 600 * turn, "tokens_per_question": 10.0 * turn, "tokens_per_right": 600 * turn / right}
        return {"turn": turn, "unparsed": 0, "right": right, **rates, **costs}

    change = {"from": 1, "to": 2, "wrong_right": 9, "right_wrong": 3, "right_right": 39, "wrong_wrong": 8}
    rates = {"rates": {"gain": 0.1}, "interval": {"gain": [0.0, 0.2]}, "not_counted": 1}
    review = {"until": "</REASONING>", "note": None, "after": [after(1, 0.7, 42), after(2, 0.8, 48)]}
    errors = {"other choice": {"first": 14, "corrected": 8}, "unparsed": {"first": 4, "corrected": 1}}
    text = shown(folder, review={**review, "changes": [{**change, **rates}], "errors": errors})
    assert "pope after each turn" in text
    rows = [line.split() for line in text.splitlines() if "[0.6" in line or "[0.7" in line]
    assert ["full", "1", "0.700", "[0.600,", "0.800]", "0", "42", "600", "10.0", "14.3"] in rows
    assert ["2", "0.800", "[0.700,", "0.900]", "0", "48", "1,200", "20.0", "25.0"] in rows
    assert "pope of full, turn 1 to 2: 9 wrong \u2192 right, 3 right \u2192 wrong, 39 right \u2192 right" in text
    assert (
        "pope of full, first answers that were wrong: other choice 14 (8 corrected), unparsed 4 (1 corrected)" in text
    )
    assert "pope of full, the first answers end behind '</REASONING>'" in text
