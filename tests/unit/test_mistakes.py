"""A mistake on the command line ends with an error that names the place, the value and the cure."""

from pathlib import Path

import pytest
from snakemake.exceptions import MissingRuleException

from pipeline_lib.benchmarks.base import Files
from pipeline_lib.benchmarks.pope import gold
from pipeline_lib.cli.clean import clean
from pipeline_lib.cli.config import check
from pipeline_lib.cli.export import export
from pipeline_lib.cli.score import score
from pipeline_lib.cli.train import preview
from pipeline_lib.config.load import study_path
from pipeline_lib.config.study_option import config_option, study_option
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.lineage.records import Records
from pipeline_lib.scoring.answers import read_answers
from pipeline_lib.workflow.plan import refusal
from tests.project import ROOT


@pytest.fixture(autouse=True)
def fresh_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with the shipped studies, in which nothing was made."""
    (tmp_path / "studies").symlink_to(ROOT / "studies")
    (tmp_path / "config.yaml").symlink_to(ROOT / "config.yaml")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "suggestion"), [("studies/mini.yaml", "mini"), ("mini.yaml", "mini"), ("config.yaml", "config")]
)
def test_a_file_in_place_of_a_study_s_name_suggests_the_name(name: str, suggestion: str) -> None:
    with pytest.raises(PipelineError, match=rf"where: studies/(.|\n)*did you mean '{suggestion}'"):
        study_path(name)


@pytest.mark.parametrize("target", ["results/mini/pope_score.json", "mini"])
def test_a_target_of_another_study_names_the_option_that_is_missing(target: str) -> None:
    text = str(refusal(str(MissingRuleException(target)), "config"))
    assert f"value: {target!r}" in text and "where: config.yaml" in text and "--study mini" in text


def test_a_target_that_no_study_makes_gets_an_example_of_this_study() -> None:
    text = str(refusal(str(MissingRuleException("pope_score.json")), "mini"))
    assert "where: studies/mini.yaml" in text and "results/mini/BENCHMARK_score.json" in text


def test_a_fault_of_the_study_is_said_in_its_own_words_where_it_cannot_be_planned() -> None:
    Path("config.yaml").unlink()
    Path("config.yaml").write_text((ROOT / "config.yaml").read_text().replace("seed: 0", "sed: 0"))
    with pytest.raises(PipelineError, match=r"config.yaml:\d+: sed: unknown key\n    value: 0\n"):
        refusal("2 faults", "config")


def test_what_else_snakemake_says_is_printed_as_it_stands() -> None:
    assert "cannot plan this study:\na cycle\nof jobs" in str(refusal("a cycle\nof jobs", "config"))


def test_the_command_that_makes_what_is_missing_names_the_study() -> None:
    assert config_option("config") == study_option("config") == "" and study_option("mini") == " --study mini"
    with pytest.raises(PipelineError, match=r"cure:  snakemake -c2 data/.* --config study=mini"):
        preview("full", study="mini")


def test_a_training_without_a_preview_is_not_called_unknown() -> None:
    with pytest.raises(
        PipelineError, match=r"the recipe clip_oa trains on no conversations with images(.|\n)*'clip_oa'"
    ):
        preview("clip_oa", study="clip_oa")
    with pytest.raises(PipelineError, match=r"the study has no such training(.|\n)*did you mean 'clip_oa'"):
        preview("clip_o", study="clip_oa")


def test_a_file_that_is_not_there_is_not_called_a_file_without_a_record(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"no such file(.|\n)*results/nosuch.json(.|\n)*cure:"):
        Records(tmp_path).made(Path("results/nosuch.json"))
    with pytest.raises(PipelineError, match=r"no record says how this file was made(.|\n)*cure:"):
        Records(tmp_path).made(Path("config.yaml"))


def test_paths_that_lead_nowhere_have_a_cure(tmp_path: Path) -> None:
    there, nowhere = Path("config.yaml"), Path("nowhere")
    for call in (
        lambda: clean([str(nowhere)]),
        lambda: export(nowhere, tmp_path / "out", "hub"),
        lambda: list(read_answers(nowhere)),
        lambda: score(there, "pope", nowhere, ROOT),
        lambda: score(there, "pope", there, nowhere),
        lambda: gold(Files(there, nowhere), [], "llava15"),
    ):
        with pytest.raises(PipelineError, match=rf"where: {nowhere}(.|\n)*cure:"):
            call()


def test_one_of_a_kind_is_counted_in_the_singular(capsys: pytest.CaptureFixture[str]) -> None:
    check("evaluate", here=False)
    assert "4 weights, 0 trainings, 2 runs, 1 benchmark." in capsys.readouterr().out


def test_a_fault_of_site_yaml_is_said_once_with_its_own_line() -> None:
    Path("site.yaml").write_text("paths:\n  llava: /data/llava\nphotos: /data/photos\n")
    with pytest.raises(PipelineError, match=r"where: site.yaml:3: photos\n(.|\n)*cure:") as caught:
        check("evaluate", here=True)
    assert "studies/evaluate.yaml" not in str(caught.value)
