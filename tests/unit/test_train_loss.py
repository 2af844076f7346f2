"""`vlmflow train loss` draws what trainings have reported so far, as a file that opens without a network."""

import math
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.progress import BEGIN, END, Progress, note, write_to
from pipeline_lib.report.loss_picture import draw_losses
from pipeline_lib.training.curve import Step, write_curve
from tests.project import ROOT


@pytest.fixture()
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies/mini.yaml").write_text((ROOT / "studies/mini.yaml").read_text())
    (tmp_path / "results/mini/logs/train").mkdir(parents=True)
    (tmp_path / "results/mini/checkpoints").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def report(project: Path, name: str, losses: list[float], ended: bool = False) -> None:
    """Report a run of a training that has taken a step for every loss."""
    write_to(project / f"results/mini/logs/train/{name}.log")
    note(BEGIN, job=f"train {name}")
    progress = Progress("steps", 10, every=True)
    for step, loss in enumerate(losses, 1):
        progress.at(step, loss=loss)
    if ended:
        note(END, exit=0)
    write_to(None)


def drawn(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["train", "loss", *arguments, "--study", "mini"])
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_a_running_training_is_drawn_as_far_as_it_is(project: Path) -> None:
    report(project, "full", [3.0, 2.0, 1.5])
    assert drawn() == "loss.svg: full (3 steps, the last loss 1.5)\n"
    picture = (project / "loss.svg").read_text()
    root = ElementTree.fromstring(picture)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) == 2
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "") and "<script" not in picture


def test_a_finished_training_is_drawn_from_its_curve_and_one_that_runs_again_from_its_reports(project: Path) -> None:
    curve = project / "results/mini/checkpoints/full.curve.csv"
    write_curve(curve, [Step(1, 5.0, 0.1, 1.0), Step(2, 4.0, 0.1, 1.0)])
    assert "full (2 steps, the last loss 4)" in drawn("full")
    report(project, "full", [5.0, 4.0], ended=True)
    assert "the last loss 4)" in drawn("full")
    report(project, "full", [9.0])
    assert "full (1 steps, the last loss 9)" in drawn("full", "--out", "other.svg")
    assert (project / "other.svg").is_file()


def test_a_training_without_a_step_and_an_unknown_one_are_named(project: Path) -> None:
    with pytest.raises(PipelineError, match="no training has reported a step yet"):
        drawn()
    report(project, "half", [1.0])
    with pytest.raises(PipelineError, match=r"reported a step yet(?s:.*)results/mini/checkpoints/full"):
        drawn("half", "full")
    with pytest.raises(PipelineError, match="no such training with steps"):
        drawn("ful")
    with pytest.raises(PipelineError, match="no such training with steps"):
        drawn("untrained")  # it is assembled


def test_losses_that_are_not_finite_leave_a_picture() -> None:
    notes = {"a": "x", "b<b>": "y", "c": "one"}
    text = draw_losses({"a": [math.nan, math.inf], "b<b>": [1.0, math.nan, 0.5], "c": [2.0]}, notes)
    ElementTree.fromstring(text)
    assert "a: no step with a finite loss" in text and "b&lt;b&gt;: y" in text and "nan" not in text
