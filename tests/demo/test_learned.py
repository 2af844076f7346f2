"""What the default study must have learned, read from the results of `make demo`."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.project import ROOT

pytestmark = pytest.mark.demo


def runs_of(benchmark: str) -> dict[str, Any]:
    path = ROOT / "results" / f"{benchmark}_score.json"
    if not path.is_file():
        pytest.skip("run `make demo` first")
    runs: dict[str, Any] = json.loads(path.read_text())["runs"]
    return runs


@pytest.fixture(scope="module")
def runs() -> dict[str, Any]:
    """Return the runs of POPE's score file."""
    return runs_of("pope")


def half_width(run: dict[str, Any], metric: str) -> float:
    low, high = run["interval"][metric]
    return (high - low) / 2


def test_full_and_half_learned_and_untrained_did_not(runs: dict[str, Any]) -> None:
    accuracy = {name: run["metrics"]["accuracy"] for name, run in runs.items()}
    assert accuracy["full"] >= 0.85
    assert accuracy["half"] >= 0.70
    assert abs(accuracy["untrained"] - 0.5) <= 0.05


@pytest.mark.parametrize(("more", "fewer"), [("half", "tenth"), ("full", "half")])
def test_more_data_beat_fewer_by_more_than_their_intervals(runs: dict[str, Any], more: str, fewer: str) -> None:
    difference = runs[more]["metrics"]["accuracy"] - runs[fewer]["metrics"]["accuracy"]
    assert difference > (half_width(runs[more], "accuracy") ** 2 + half_width(runs[fewer], "accuracy") ** 2) ** 0.5
    assert runs[more]["interval"]["accuracy"][0] > runs[fewer]["interval"]["accuracy"][1]


def test_adapters_learned_and_are_reported_beside_the_whole_model(runs: dict[str, Any]) -> None:
    for name in ("lora", "projector"):
        assert runs[name]["metrics"]["accuracy"] > runs["untrained"]["interval"]["accuracy"][1]
        receipt = json.loads((ROOT / f"results/merged/{name}.receipt.json").read_text())
        assert max(receipt["logits"].values()) <= 1e-5
        assert any("language_model" in tensor for tensor in receipt["replaced"]) == (name == "lora")


@pytest.mark.parametrize(("benchmark", "metric"), [("scienceqa", "accuracy/image"), ("mmbench", "accuracy/unrotated")])
def test_letters_are_chosen_by_what_the_image_shows(benchmark: str, metric: str) -> None:
    runs = runs_of(benchmark)
    assert runs["full"]["interval"][metric][0] > max(0.25, runs["untrained"]["interval"][metric][1])


def test_a_blank_image_leaves_full_nothing_better_than_chance(runs: dict[str, Any], tmp_path: Path) -> None:
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
            return type("Row", (), {"pin": ""})

        def open(self, path: str, pin: str) -> Image.Image:
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
    assert accuracy <= 0.55
