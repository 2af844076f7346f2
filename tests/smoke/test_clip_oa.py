"""CLIP-OA, rehearsed on stand-ins: trained to its best epoch, scored, and its result file is clipeval's."""

import json
from pathlib import Path

import pytest

from pipeline_lib.benchmarks.base import Files
from pipeline_lib.benchmarks.knee_grading import questions
from pipeline_lib.training.curve import read_curve
from tests.recordings import read_lines
from tests.smoke.rehearsed import rehearsed

RESULTS = "results/clip_oa/smoke"
KEYS = ["image_path", "image_name", "true_label", "predicted_label", "confidence", "probabilities"]


@pytest.mark.long
def test_it_is_trained_to_its_best_epoch_and_scored_beside_the_clip_that_it_started_from(tmp_path: Path) -> None:
    project = rehearsed(tmp_path, "clip_oa", timeout=600)
    results = project.root / RESULTS

    score = json.loads((results / "knee_grading_score.json").read_text())
    assert (score["stamp"], score["runs"].keys()) == ("SMOKE", {"clip", "clip_oa"})
    for run in score["runs"].values():
        assert {"accuracy", "accuracy/0", "mae", "auc/0", "auc/high", "confusion/0/0"} <= run["metrics"].keys()

    steps = read_curve(results / "checkpoints/clip_oa.curve.csv")
    measured = {step.step: step.validated.mae for step in steps if step.validated}
    assert len(measured) == 120 and len(steps) == 240  # forty rows, 32 a step
    record = json.loads((results / "records/train/clip_oa.json").read_text())
    assert record["notes"]["best_step"] == min(measured, key=lambda step: (measured[step], step))

    texts = [
        [row["text"] for row in read_lines(results / f"answers/{run}/knee_grading.jsonl")]
        for run in ("clip", "clip_oa")
    ]
    assert texts[0] != texts[1]
    written = results / "submissions/clip_oa/knee_grading.json"
    assert [list(row) for row in json.loads(written.read_text())] == [KEYS] * len(texts[1])
    assert len(questions(Files(written), "official")) == len(texts[1])
