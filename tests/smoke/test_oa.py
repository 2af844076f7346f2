"""LLaVA-OA's models rehearsed on stand-ins: rows of folders, towers put in, LoRA and projectors merged, to the scores."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline_lib.config.load import load_study
from tests.project import ROOT
from tests.smoke.rehearsed import rehearsed

STUDY = "studies/oa.yaml"
RESULTS = "results/oa/smoke"


@pytest.mark.long
def test_every_model_is_trained_and_graded(tmp_path: Path) -> None:
    project = rehearsed(tmp_path, "oa", timeout=1800)
    rows = pq.read_table(project.root / "data/tables/smoke-grading.parquet").to_pylist()
    assert len(rows) == 40
    for row in rows:
        grade = row["image"].split("/")[-2]
        assert f"Grade {grade}: " in row["conversations"][1]["value"]
    score = json.loads((project.root / RESULTS / "knee_grading_score.json").read_text())
    assert score["stamp"] == "SMOKE" and score["runs"].keys() == load_study(ROOT / STUDY).runs.keys()
    assert {run["missing"] for run in score["runs"].values()} == {0}
    for training in ("clipoa_mlp500", "clipoa_mlp500_lora500"):
        card = json.loads((project.root / RESULTS / f"checkpoints/{training}/vlmflow.json").read_text())
        assert (card["kind"], card["template"]) == ("adapter", "mistral_instruct")
