"""`vlmflow compare` of two runs says of their scores what the report page says."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from pipeline_lib.config.load import load_study, results_folder, study_path
from pipeline_lib.config.paths import Paths
from pipeline_lib.config.report_stages import report
from pipeline_lib.core.files import remove
from pipeline_lib.report.read import ReportFiles, read_facts
from tests.project import Project


def paths(names: list[str]) -> list[Path]:
    return [Path(name) for name in names]


def test_two_runs_differ_as_on_the_page_of_all_runs(finished: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(finished.root)
    study = load_study(study_path("mini"))
    made = Paths(study, results_folder("mini", study).as_posix())
    files = ReportFiles(
        paths(made.scores()), paths(made.of_runs("verdicts", ".parquet")), paths(made.of_runs("answers", ".jsonl"))
    )
    [page] = [
        pair for pair in read_facts(report(study, "mini"), files).pairs if (pair.first, pair.second) == ("half", "full")
    ]

    def compared(*options: str) -> str:
        done = CliRunner().invoke(app, ["compare", "half", "full", "--study", "mini", *options])
        assert done.exit_code == 0, done.output
        return done.output

    paired = json.loads(compared("--json"))["pope"]["paired"]
    assert page.difference is not None and page.p is not None
    assert (paired["difference"], paired["interval"]) == (
        page.difference.value,
        [page.difference.low, page.difference.high],
    )
    assert (paired["p"], paired["adjusted_p"], paired["metric"]) == (page.p, page.adjusted, page.metric)
    assert paired["sentence"] in compared() and "McNemar p = " in compared()


def test_without_verdicts_the_answers_alone_are_compared(mini: Project) -> None:
    remove(mini.root / "results/mini/verdicts/half/pope.parquet")
    done = mini.run("vlmflow", "compare", "half", "full", "--study", "mini")
    assert done.returncode == 0 and "answers are equal" in done.text and "McNemar" not in done.text, done.text
