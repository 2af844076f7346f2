"""Published figures: what modules state, and how a score stands beside them."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline_lib.benchmarks import pope
from pipeline_lib.cli.main import app
from pipeline_lib.config import stages
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load, names
from pipeline_lib.scoring.published import PublishedFigure, compared, figures_of, of_a_part, published_text
from tests.recordings import Recordings
from tests.unit.test_benchmark_data import load as load_study
from tests.unit.test_benchmark_data import study
from tests.unit.test_show import folder as folder  # a fixture
from tests.unit.test_show import shown

WHOLE = {"n": 8910, "coverage": 1.0, "missing": 0, "failed": 0, "marks": {}}


def beside(f1: float, protocol: str = "llava15", **keys: Any) -> dict[str, Any]:
    scored = {"metrics": {"f1": f1}, "interval": {"f1": [f1 - 0.01, f1 + 0.01]}, **WHOLE, **keys}
    (comparison,) = compared(scored, figures_of(pope, "llava15_13b"), protocol, {})
    return comparison


def test_an_equal_number_stands_beside_the_published_one() -> None:
    for f1 in (0.8594688, 0.8585001, 0.8594999):
        comparison = beside(f1)
        assert (comparison["equal"], comparison["check"]) == (True, [])
        assert published_text(comparison).startswith("f1 85.9, published 85.9 (llava15_13b; ")


def test_another_number_has_its_difference_with_its_interval_and_what_to_check_first() -> None:
    comparison = beside(0.841)
    assert (comparison["score"], comparison["difference"], comparison["interval"]) == (84.1, -1.8, [-2.8, -0.8])
    text = published_text(comparison)
    assert "f1 84.1, published 85.9" in text and ": -1.8, 95 % interval [-2.8, -0.8]; check first the conv" in text
    assert [word for word in ("template", "padded", "answers are read", "version of the split") if word in text]


@pytest.mark.parametrize(
    ("metric", "here"),
    [("f1", "; here 8910 questions)"), ("f1/image", "; here 2017 questions)"), ("f1/unrotated", "(published: all)")],
)
def test_the_check_of_the_split_states_the_questions_of_that_metric(metric: str, here: str) -> None:
    figure = PublishedFigure(model="m", value=85.9, metric=metric, protocol="llava15", split="all", source="s")
    scored = {"metrics": {metric: 0.8}, "interval": {metric: [0.7, 0.9]}, **WHOLE}
    (comparison,) = compared(scored, [figure], "llava15", {"image": 2017})
    assert published_text(comparison).endswith(here)


def test_known_differences_are_checked_before_the_usual_ones() -> None:
    check = beside(0.841, "official", coverage=0.9, missing=800, failed=91, marks={"collapsed": "…"})["check"]
    assert check[0] == "the protocol: official here, llava15 there"
    assert check[1:3] == ["the 891 questions without an answer", "the mark `collapsed`"]


def test_an_equal_number_that_is_another_one_says_so() -> None:
    comparison = beside(0.8594688, "official", coverage=0.9, missing=891)
    assert (comparison["equal"], comparison["check"]) == (
        True,
        ["the protocol: official here, llava15 there", "the 891 questions without an answer"],
    )
    assert "; but check the protocol: official here" in published_text(comparison)
    (part,) = of_a_part([beside(0.8594688)], "the questions: 8 of 8910 were asked")
    assert published_text(part).endswith("; but check the questions: 8 of 8910 were asked")


def test_a_metric_that_a_score_lacks_is_compared_with_nothing() -> None:
    (comparison,) = compared({**WHOLE, "metrics": {}, "interval": {}}, figures_of(pope, "llava15_7b"), "llava15", {})
    assert published_text(comparison).startswith("f1 is not in this score, published 85.9")


@pytest.mark.parametrize("name", names("benchmarks"))
def test_every_stated_figure_is_of_a_protocol_and_has_one_decimal(name: str) -> None:
    module = load("benchmarks", name)
    assert getattr(module, "ROWS_SEEN", "no") in ("recorded", "yes", "no")
    for table in getattr(module, "PUBLISHED", ()):
        assert table.metric.partition("/")[0] in (module.PRIMARY.partition("/")[0], *module.SHOWN)
        assert {*table.trained_on} <= {model for model, _ in table.by_model()}
        assert all(round(value, 1) == value for _, value in table.by_model())


def test_what_only_a_server_computes_is_not_compared() -> None:
    assert [figure.split for figure in figures_of(load("benchmarks", "vizwiz"), "internvl12")] == ["val"]
    assert figures_of(load("benchmarks", "vqav2"), "llava15_7b") == []


def test_training_on_the_training_set_is_marked_with_a_star() -> None:
    (figure,) = figures_of(load("benchmarks", "okvqa"), "internvl12")
    scored = {**WHOLE, "metrics": {"accuracy": 0.625}, "interval": {"accuracy": None}}
    (comparison,) = compared(scored, [figure], "internvl12", {})
    assert "published 62.5* (internvl12, * trained on its training set; val)" in published_text(comparison)


def test_a_run_names_the_model_and_no_other_stage_depends_on_it(tmp_path: Path) -> None:
    plain = load_study(tmp_path, study({"pope": {}}))
    named = load_study(tmp_path, study({"pope": {}}, runs={"own": {"model": "own", "published": "llava15_7b"}}))
    assert [figure.value for figure in stages.score(named, "pope", "own").published] == [85.9]
    assert stages.score(plain, "pope", "own").published == []
    assert stages.predict(named, "own", "pope") == stages.predict(plain, "own", "pope")
    assert stages.gather(named, "pope") == stages.gather(plain, "pope")


def test_a_rehearsal_is_compared_with_nothing(tmp_path: Path) -> None:
    runs = {"own": {"model": "own", "published": "llava15_7b"}}
    assert stages.score(load_study(tmp_path, study({"pope": {}}, runs=runs, smoke=True)), "pope", "own").published == []


def test_a_model_without_a_figure_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"published: (.|\n)*did you mean 'llava15_7b'"):
        load_study(tmp_path, study({"pope": {}}, runs={"own": {"model": "own", "published": "llava15-7b"}}))


def test_show_prints_the_figure_beside_the_score(folder: Path) -> None:
    text = shown(folder, published=[beside(0.8594688)])
    assert "full: f1 85.9, published 85.9 (llava15_13b; " in text


def test_a_figure_of_questions_with_an_image_is_beside_the_number_of_those(recorded: Recordings) -> None:
    folder, official = recorded.folder / "scienceqa", recorded.official("scienceqa")
    options = ["--benchmark", "scienceqa", "--questions", str(folder / "llava_test_CQM-A.json"), "--gold", str(folder)]
    command = ["score", str(folder / "llava-v1.5-13b_result.json"), *options, "--published", "llava15_7b", "--json"]
    (figure,) = json.loads(CliRunner().invoke(app, command).stdout)["published"]
    assert figure["check"][-1].endswith(f"here {official['image_rows']} questions)")


def test_recorded_answers_of_llava_13b_are_the_published_ones(recorded: Recordings) -> None:
    if recorded.source == "sample":
        pytest.skip("the figures are of all questions")
    folder = recorded.folder / "mme"
    options = ["--benchmark", "mme", "--questions", str(folder / "llava_mme.jsonl"), "--gold", str(folder / "gold")]
    command = ["score", str(folder / "llava-v1.5-13b.jsonl"), *options, "--published", "llava15_13b"]
    assert "perception 1531.3, published 1531.3 (llava15_13b; all)" in CliRunner().invoke(app, command).stdout
    (figure,) = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)["published"]
    assert (figure["score"], figure["equal"]) == (1531.3, True)
