"""The study of ways to choose half of the mix, rehearsed on stand-ins: six halves, their reports, a score of one."""

import json
from pathlib import Path

import pytest

from pipeline_lib.config.load import load_study
from tests.project import ROOT
from tests.smoke.rehearsed import rehearsed

RESULTS = "results/selection/smoke"


@pytest.mark.smoke
def test_every_half_is_chosen_and_compared_and_one_is_trained_and_scored(tmp_path: Path) -> None:
    project = rehearsed(tmp_path, "selection", "reports", f"{RESULTS}/scores/diverse/pope.json")
    subsets = load_study(ROOT / "studies/selection.yaml").subsets
    reports = {
        name: json.loads((project.root / RESULTS / f"subsets/{name}.report.json").read_text()) for name in subsets
    }
    whole = reports.pop("full")
    for name, content in reports.items():
        assert content["rows"] == {"table": 20, "subset": 10}, name
        assert content["overlap"].keys() == subsets.keys() - {name}
        assert content["overlap"]["full"] == {"rows": 20, "common": 10}
    text = whole["images"]["table"]["rows_without"]
    for name in ("origins", "diverse", "agreeing"):
        assert abs(2 * reports[name]["images"]["subset"]["rows_without"] - text) <= 1, name
    assert len({tuple(sorted(map(str, content["overlap"].items()))) for content in reports.values()}) == 6
    score = json.loads((project.root / RESULTS / "scores/diverse/pope.json").read_text())
    assert (score["n"], score["missing"]) == (24, 0)
