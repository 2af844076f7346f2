"""What the default study must have learned, read from the results of `make demo`."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.project import ROOT

pytestmark = pytest.mark.demo

SCORE = ROOT / "results" / "pope_score.json"


@pytest.fixture(scope="module")
def runs() -> dict[str, Any]:
    """Return the runs of the score file."""
    if not SCORE.is_file():
        pytest.skip("run `make demo` first")
    return json.loads(SCORE.read_text())["runs"]


def half_width(run: dict[str, Any]) -> float:
    low, high = run["interval"]["accuracy"]
    return (high - low) / 2


def test_full_and_half_learned_and_untrained_did_not(runs: dict[str, Any]) -> None:
    accuracy = {name: run["metrics"]["accuracy"] for name, run in runs.items()}
    assert accuracy["full"] >= 0.85
    assert accuracy["half"] >= 0.70
    assert abs(accuracy["untrained"] - 0.5) <= 0.05


def test_full_beats_half_by_more_than_the_interval_of_their_difference(runs: dict[str, Any]) -> None:
    difference = runs["full"]["metrics"]["accuracy"] - runs["half"]["metrics"]["accuracy"]
    assert difference > (half_width(runs["full"]) ** 2 + half_width(runs["half"]) ** 2) ** 0.5
    assert runs["full"]["interval"]["accuracy"][0] > runs["half"]["interval"]["accuracy"][1]


def test_a_blank_image_brings_full_to_chance(runs: dict[str, Any], tmp_path: Path) -> None:
    from PIL import Image

    from pipeline_lib.benchmarks import pope
    from pipeline_lib.benchmarks.base import Files
    from pipeline_lib.inference.predict import predict
    from pipeline_lib.inference.saved import SavedTexts
    from pipeline_lib.inference.settings import FileNames, PredictSettings
    from pipeline_lib.models.llava import load_llava

    class Blank:
        """Shows the same black image for every path."""

        def row(self, path: str) -> Any:
            return type("Row", (), {"sha256": ""})

        def open(self, path: str, sha256: str) -> Image.Image:
            return Image.new("RGB", (64, 64))

    raw = ROOT / "data/raw/digits_pope/000"
    files = Files(Path(raw / "llava_pope_test.jsonl"), raw / "labels")
    questions = pope.questions(files, "llava15")
    gold = pope.gold(files, questions, "llava15")
    names = FileNames(questions="llava_pope_test.jsonl", gold="labels")
    settings = PredictSettings(
        benchmark="pope", protocol="llava15", files=names, model_id="blank", threads=1, batch_size=64, max_new_tokens=8
    )
    llava = load_llava(ROOT / "results/checkpoints/full")
    answers = predict(llava, questions, Blank(), settings, "digest", SavedTexts(tmp_path / "texts"))  # type: ignore[arg-type]
    verdicts = [
        pope.judge(question, gold[question.id], answer["text"], "llava15")
        for question, answer in zip(questions, answers, strict=True)
    ]
    accuracy = sum(verdict.correct for verdict in verdicts) / len(verdicts)
    assert abs(accuracy - 0.5) <= 0.05
