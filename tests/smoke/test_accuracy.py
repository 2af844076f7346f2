"""The study of one model that two programs ask, rehearsed on stand-ins: there both ask here, and nothing differs."""

import json
from pathlib import Path

import pytest

from tests.project import Project

RESULTS = "results/accuracy/smoke"


@pytest.mark.long
def test_both_runs_are_scored_and_compared(tmp_path: Path) -> None:
    project = Project.copy(tmp_path / "project")
    project.edit("studies/accuracy.yaml", "smoke: false", "smoke: true")
    done = project.run("snakemake", "-c2", "--config", "study=accuracy", timeout=900)
    assert done.returncode == 0, done.text[-3000:]
    tables = json.loads(project.run("vlmflow", "compare", "served", "lmms_eval", "--study", "accuracy", "--json").text)
    assert tables.keys() == {"mme", "mmmu"}
    for name, table in tables.items():
        assert table["questions"] == table["equal"] > 5, name
        score = json.loads((project.root / RESULTS / f"{name}_score.json").read_text())
        assert score["stamp"] == "SMOKE" and score["runs"].keys() == {"served", "lmms_eval"}
