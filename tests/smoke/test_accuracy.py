"""The study of one model that two programs ask, rehearsed on stand-ins: there both ask here, and nothing differs."""

import json
from pathlib import Path

import pytest

from tests.smoke.rehearsed import rehearsed

RESULTS = "results/accuracy/smoke"


@pytest.mark.long
def test_both_runs_are_scored_and_compared(tmp_path: Path) -> None:
    project = rehearsed(tmp_path, "accuracy")
    tables = json.loads(project.run("vlmflow", "compare", "served", "lmms_eval", "--study", "accuracy", "--json").text)
    assert tables.keys() == {"mme", "mmmu"}
    for name, table in tables.items():
        assert table["questions"] == table["equal"] > 5, name
        score = json.loads((project.root / RESULTS / f"{name}_score.json").read_text())
        assert score["stamp"] == "SMOKE" and score["runs"].keys() == {"served", "lmms_eval"}
