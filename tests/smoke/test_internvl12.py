"""InternVL-Chat-V1.2 rehearsed on stand-ins: nine annotation files, parts to a model, the model to a score."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.project import Project
from tests.smoke.rehearsed import rehearsed

RESULTS = "results/internvl12/smoke"
ROWS_OF_A_FILE = 6


def read(project: Project, name: str) -> Any:
    return json.loads((project.root / name).read_text())


def expect_model(project: Project, training: str, subset: str, rows: int, pixel_shuffle: str) -> None:
    """Check that a training read all rows, and what its model is."""
    assert pq.read_table(project.root / f"{RESULTS}/subsets/{subset}.parquet").num_rows == rows
    model = f"{RESULTS}/checkpoints/{training}"
    assert read(project, f"{model}/config.json")["architectures"] == ["InternVLForConditionalGeneration"]
    card = read(project, f"{model}/vlmflow.json")
    assert (card["family"], card["template"], card["pixel_shuffle"]) == ("internvl", "hermes_2", pixel_shuffle)


@pytest.mark.smoke
def test_the_nine_files_train_a_model_of_the_parts_that_is_scored(tmp_path: Path) -> None:
    project = rehearsed(tmp_path, "internvl12", f"{RESULTS}/scores/sft/pope.json")
    assert (project.root / "data/tables/smoke-sft.rejected.jsonl").read_text() == ""
    expect_model(project, "sft", "sft", 9 * ROWS_OF_A_FILE, "v1")
    assert read(project, f"{RESULTS}/scores/sft/pope.json")["n"] == 24


@pytest.mark.long
def test_the_released_model_is_tuned_further_on_rows_of_a_meta_file(tmp_path: Path) -> None:
    project = rehearsed(tmp_path, "internvl12")
    expect_model(project, "continued", "own", 2 * ROWS_OF_A_FILE, "v2")
    for benchmark in ("pope", "mmbench", "textvqa"):
        score = read(project, f"{RESULTS}/{benchmark}_score.json")
        assert score["stamp"] == "SMOKE" and sorted(score["runs"]) == ["continued", "internvl12", "sft"]
        assert {run["missing"] for run in score["runs"].values()} == {0}
