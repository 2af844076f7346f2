"""The default study with its half chosen in four ways, rehearsed on some rows: four halves, four scores each."""

import json
from pathlib import Path

import pytest

from pipeline_lib.config.load import load_study
from tests.project import ROOT, Project

RESULTS = "results/strategies/partial"
LIMIT = "limit: {rows: 120, questions: 12}\n"


@pytest.mark.smoke
def test_every_half_is_chosen_trained_and_scored(tmp_path: Path) -> None:
    project = Project.copy(tmp_path / "project")
    study = project.root / "studies" / "strategies.yaml"
    study.write_text(LIMIT + study.read_text())
    done = project.run("snakemake", "-c2", "--config", "study=strategies", "--", "all", "reports", timeout=900)
    assert done.returncode == 0, done.text[-3000:]
    chosen = load_study(ROOT / "studies" / "strategies.yaml")
    runs = chosen.runs
    for benchmark in chosen.benchmarks:
        scores = json.loads((project.root / f"{RESULTS}/{benchmark}_score.json").read_text())
        assert scores["runs"].keys() == runs.keys()
    reports = [json.loads((project.root / f"{RESULTS}/subsets/{name}.report.json").read_text()) for name in runs]
    assert len({report["rows"]["subset"] for report in reports}) == 1
    assert len({json.dumps(report["overlap"], sort_keys=True) for report in reports}) == len(runs)


def test_the_study_differs_from_the_default_one_in_its_halves_alone() -> None:
    default, chosen = load_study(ROOT / "config.yaml"), load_study(ROOT / "studies" / "strategies.yaml")
    for part in ("datasets", "tables", "weights", "benchmarks", "seed", "threads", "device"):
        assert getattr(chosen, part) == getattr(default, part), part
    for name in chosen.trainings.keys() & default.trainings.keys():
        assert chosen.trainings[name] == default.trainings[name], name
    for name in chosen.runs:
        assert chosen.trainings[name] == default.trainings["half"].model_copy(update={"subset": name}), name
