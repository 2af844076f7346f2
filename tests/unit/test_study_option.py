"""Every command about a study takes `--study NAME`; the former argument, an unknown study and an unknown target."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline_lib.cli.main import app, main
from pipeline_lib.job.record import FIELDS
from tests import quick_start
from tests.project import ROOT

FORMER = [
    (["show", "mini"], "vlmflow show --study mini"),
    (["show", "mini", "--look"], "vlmflow show --look --study mini"),
    (["plan", "mini"], "vlmflow plan --study mini"),
    (["plan", "config"], "vlmflow plan --study config"),
    (["config", "check", "mini"], "vlmflow config check --study mini"),
    (["config", "check", "mini", "--here"], "vlmflow config check --here --study mini"),
]
ABOUT_A_STUDY = [
    ["show"],
    ["plan"],
    ["config", "check"],
    ["check"],
    ["why"],
    ["accept", "results/mini/pope_score.json", "--because", "renamed"],
    ["doctor"],
    ["train", "preview", "full"],
    ["lineage", "check"],
    ["lineage", "why"],
    ["lineage", "accept", "results/mini/pope_score.json", "--because", "renamed"],
    ["lineage", "publish", "digests.json"],
    ["lineage", "show", "results/mini/pope_score.json"],
    ["dvc", "sync"],
    ["dvc", "commit"],
    ["dvc", "restore"],
    ["dvc", "run", "score-full-pope"],
    ["dvc", "identity"],
]
OF_TARGETS = [
    ["why", "{}"],
    ["accept", "{}", "--because", "renamed"],
]


def command_name(command: list[str]) -> str:
    return " ".join(command)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in a project with the shipped studies and rules, in which nothing was made."""
    for name in ("studies", "config.yaml", "Snakefile", "rules", "workflow_scripts", "src"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.executable", quick_start.python())


@pytest.fixture()
def planned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of studies that commands plan; their plans have no job."""
    studies: list[str] = []

    def plan(study: str, *_: Any, **__: Any) -> list[dict[str, Any]]:
        studies.append(study)
        return []

    for module in ("accept", "check", "dvc", "lineage_publish", "show", "why"):
        monkeypatch.setattr(f"pipeline_lib.cli.{module}.plan", plan)
    monkeypatch.setattr("pipeline_lib.cli.plan.planned", plan)
    return studies


def printed(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what `vlmflow` prints to standard error when it ends with exit code 1."""
    monkeypatch.setattr("sys.argv", ["vlmflow", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    return capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ["plan"],
        ["why"],
        ["lineage", "why"],
        ["check"],
        ["lineage", "check"],
        ["accept", "a", "--because", "b"],
        ["lineage", "accept", "a", "--because", "b"],
        ["lineage", "publish", "digests.json"],
        ["dvc", "sync"],
        ["dvc", "identity"],
    ],
    ids=command_name,
)
def test_a_command_plans_the_study_that_its_option_names(command: list[str], planned: list[str]) -> None:
    done = CliRunner().invoke(app, [*command, "--study", "mini"])
    assert (done.exit_code, set(planned)) == (0, {"mini"}), done.exception


@pytest.mark.parametrize("command", [["plan"], ["why"], ["lineage", "why"], ["dvc", "sync"]], ids=command_name)
def test_without_the_option_the_study_is_the_default_one(command: list[str], planned: list[str]) -> None:
    done = CliRunner().invoke(app, command)
    assert (done.exit_code, planned) == (0, ["config"]), done.exception


def test_show_names_the_study_s_results_and_the_command_that_makes_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(["show", "--study", "mini"], monkeypatch, capsys)
    assert "results/mini/scores" in text and "--config study=mini" in text


def test_config_check_summarises_the_study_that_its_option_names() -> None:
    done = CliRunner().invoke(app, ["config", "check", "--study", "mini"])
    assert done.exit_code == 0 and done.stdout.startswith("studies/mini.yaml: no fault")
    assert CliRunner().invoke(app, ["config", "check"]).stdout.startswith("config.yaml: no fault")


def test_check_covers_all_studies_with_records_or_the_one_that_is_named(tmp_path: Path, planned: list[str]) -> None:
    for folder in ("results/records", "results/mini/records"):
        (tmp_path / folder).mkdir(parents=True)
    manifest = tmp_path / "results/mini/x.manifest.json"
    manifest.write_text("{}")  # made by no stage, so no study's
    assert "x.manifest.json: no record says" in CliRunner().invoke(app, ["check"]).stdout
    assert planned == ["config", "mini"]
    done = CliRunner().invoke(app, ["check", "--study", "mini"])
    assert (done.exit_code, done.stdout) == (0, "All artefacts of mini exist and match their records.\n")
    assert planned == ["config", "mini", "mini"]


@pytest.mark.parametrize(("former", "command"), FORMER, ids=[command for _, command in FORMER])
def test_the_former_argument_ends_with_2_and_the_new_command(former: list[str], command: str) -> None:
    done = CliRunner().invoke(app, former)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"error: the study is an option now: {command}\n"


def test_the_former_argument_with_an_unknown_study_suggests_a_known_one() -> None:
    done = CliRunner().invoke(app, ["show", "mimi"])
    assert done.exit_code == 2
    assert "vlmflow show --study mimi; there is no such study: did you mean 'mini'?" in done.stderr


@pytest.mark.parametrize("arguments", [["mini", "evaluate"], ["mini", "--study", "mini"], ["mini", "--study=mini"]])
def test_other_arguments_are_refused(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, ["show", *arguments])
    assert done.exit_code == 2 and "this command takes no argument: mini" in done.stderr


@pytest.mark.parametrize("command", ABOUT_A_STUDY, ids=command_name)
def test_an_unknown_study_is_reported_with_a_suggestion(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed([*command, "--study", "mimi"], monkeypatch, capsys)
    assert text == "error: no such study\n  where: studies/\n  value: 'mimi'\n  cure:  did you mean 'mini'?\n"


def test_a_target_of_a_benchmark_that_the_study_lacks_is_reported_with_the_nearest_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(["why", "results/mini/scores/full/pop.json", "--study", "mini"], monkeypatch, capsys)
    assert "this study does not make this file" in text and "Traceback" not in text
    assert "did you mean 'results/mini/scores/full/pope.json'?" in text


@pytest.mark.parametrize("command", OF_TARGETS, ids=command_name)
def test_a_misspelt_target_is_reported_with_the_nearest_one(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = "results/mini/pop_score.json"
    text = printed([part.format(target) for part in command] + ["--study", "mini"], monkeypatch, capsys)
    assert "this study does not make this file" in text and "Traceback" not in text
    assert f"value: {target!r}" in text and "did you mean 'results/mini/pope_score.json'?" in text


def test_lineage_show_suggests_the_nearest_artefact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "results/mini/records/gather/pope.json"
    record.parent.mkdir(parents=True)
    empty = {name: kind() for name, kind in FIELDS.items()}
    record.write_text(json.dumps({**empty, "outputs": {"results/mini/pope_score.json": "0"}}))
    text = printed(["lineage", "show", "results/mini/pop_score.json"], monkeypatch, capsys)
    assert "no such file" in text and "did you mean 'results/mini/pope_score.json'?" in text


def test_train_preview_suggests_the_nearest_training(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(["train", "preview", "ful", "--study", "mini"], monkeypatch, capsys)
    assert "value: 'ful'" in text and "did you mean 'full'?" in text


@pytest.mark.parametrize("name", ["check", "why", "accept"])
def test_a_short_form_is_the_same_command(name: str) -> None:
    short, full = (CliRunner().invoke(app, [*command, "--help"]) for command in ([name], ["lineage", name]))
    assert short.stdout.split("\n", 2)[2] == full.stdout.replace("lineage ", "", 1).split("\n", 2)[2]
