"""What the default study must have learned, read from the results of `make demo`.

It must hold where bytes are not the published ones too: other processors and libraries round differently.
"""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline_lib.models.merge import AGREEMENT
from pipeline_lib.scoring.paired import mcnemar
from tests.project import ROOT

pytestmark = pytest.mark.demo

CHANCE = 0.5  # of POPE, where half of the answers are "yes"


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


def right_answers(run: str) -> set[int]:
    """Return the ids of POPE's questions that a run answers right."""
    rows = pq.read_table(ROOT / f"results/verdicts/{run}/pope.parquet", columns=["id", "grade"]).to_pylist()
    return {row["id"] for row in rows if row["grade"] == 1}


def gain(run: dict[str, Any]) -> float:
    """Return how far a run's accuracy is above chance."""
    above: float = run["metrics"]["accuracy"] - CHANCE
    return above


def test_untrained_guesses(runs: dict[str, Any]) -> None:
    low, high = runs["untrained"]["interval"]["accuracy"]
    assert low - (high - low) <= CHANCE <= high + (high - low)  # within three times its interval


def test_a_tenth_beats_chance_and_half_and_full_are_mostly_right(runs: dict[str, Any]) -> None:
    assert runs["tenth"]["interval"]["accuracy"][0] > CHANCE
    assert runs["half"]["interval"]["accuracy"][0] > 0.7
    assert runs["full"]["interval"]["accuracy"][0] > 0.85


def test_all_rows_beat_a_tenth_with_intervals_apart(runs: dict[str, Any]) -> None:
    assert runs["full"]["interval"]["accuracy"][0] > runs["tenth"]["interval"]["accuracy"][1]


def test_all_rows_beat_half_on_the_same_questions(runs: dict[str, Any]) -> None:
    """Their intervals overlap, since both vary with the questions; answers to the same questions tell them apart."""
    half, full = (right_answers(run) for run in ("half", "full"))
    assert len(full - half) > len(half - full)
    assert mcnemar(len(full - half), len(half - full)) < 0.05


def test_more_rows_teach_more_over_all_benchmarks() -> None:
    """On one benchmark alone a processor's rounding can exchange `tenth` and `half`."""
    metrics = {"pope": "accuracy", "scienceqa": "accuracy/image", "mmbench": "accuracy"}
    scores = {name: runs_of(name) for name in metrics}
    tenth, half, full = (
        sum(scores[name][run]["metrics"][metric] for name, metric in metrics.items())
        for run in ("tenth", "half", "full")
    )
    assert tenth < half < full


def test_adapters_learned_and_are_reported_beside_the_whole_model(runs: dict[str, Any]) -> None:
    for name in ("lora", "projector"):
        assert runs[name]["metrics"]["accuracy"] > runs["untrained"]["interval"]["accuracy"][1]
        receipt = json.loads((ROOT / f"results/merged/{name}.receipt.json").read_text())
        assert max(receipt["logits"].values()) <= AGREEMENT
        assert any("language_model" in tensor for tensor in receipt["replaced"]) == (name == "lora")


@pytest.mark.parametrize(("benchmark", "metric"), [("scienceqa", "accuracy/image"), ("mmbench", "accuracy/unrotated")])
def test_letters_are_chosen_by_what_the_image_shows(benchmark: str, metric: str) -> None:
    runs = runs_of(benchmark)
    assert runs["full"]["interval"][metric][0] > max(0.25, runs["untrained"]["interval"][metric][1])


def test_a_blank_image_leaves_full_nothing_better_than_chance(runs: dict[str, Any], tmp_path: Path) -> None:
    from PIL import Image

    from pipeline_lib.benchmarks import pope
    from pipeline_lib.benchmarks.base import Files
    from pipeline_lib.engines.transformers import Settings as Transformers
    from pipeline_lib.engines.transformers import engine_of
    from pipeline_lib.families.llava.model import load as load_llava
    from pipeline_lib.inference.predict import predict
    from pipeline_lib.inference.saved import SavedReplies
    from pipeline_lib.inference.settings import FileNames, PredictSettings

    class Blank:
        """Shows the same black image for every path."""

        def row(self, path: str) -> Any:
            return type("Row", (), {"pin": ""})

        def size(self, path: str) -> tuple[int, int]:
            return 64, 64

        def open(self, path: str, pin: str) -> Image.Image:
            return Image.new("RGB", (64, 64))

    raw = ROOT / "data/raw/digits_pope/000"
    files = Files(Path(raw / "llava_pope_test.jsonl"), raw / "labels")
    questions = pope.questions(files, "llava15")
    gold = pope.gold(files, questions, "llava15")
    names = FileNames(questions="llava_pope_test.jsonl", gold="labels")
    settings = PredictSettings(
        engine=Transformers(),
        family="llava",
        benchmark="pope",
        template="vicuna_v1",
        protocol="llava15",
        files=names,
        model_id="blank",
        threads=1,
        max_new_tokens=8,
    )
    llava = load_llava(ROOT / "results/checkpoints/full")
    engine = engine_of(llava, Blank(), settings)  # type: ignore[arg-type]
    answers = predict(engine, questions, settings, "digest", SavedReplies(tmp_path / "replies"))
    grades = [
        pope.SCORER.grade(question, gold[question.id], answer["text"], "llava15")
        for question, answer in zip(questions, answers, strict=True)
    ]
    accuracy = sum(grade.value for grade in grades) / len(grades)
    assert accuracy - CHANCE < 0.15 * gain(runs["full"])
