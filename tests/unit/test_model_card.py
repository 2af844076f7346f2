"""`vlmflow export card`: what huggingface_hub reads back equals the files of the study; nothing private is in it."""

import json
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import EvalResult, ModelCard
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from pipeline_lib.core.digests import digest_file
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.job.record import write_record
from pipeline_lib.models.card import NAME as CARD
from pipeline_lib.models.card import Card, write_card
from tests.small_study import HOST, KEY, USER_FOLDER, SmallStudy

MODEL = Path("results/checkpoints/full")
SCORE = Path("results/scores/full/pope.json")


class WholeModels(SmallStudy):
    """The small study whose checkpoints have their cards."""

    def manifest(self, *paths: str) -> str:
        if paths[0].startswith("results/checkpoints/") and not (self.root / paths[0] / CARD).exists():
            write_card(self.root / paths[0], Card(kind="vlm", template="vicuna_v1", image_shape="pad"))
        return super().manifest(*paths)


@pytest.fixture(autouse=True)
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WholeModels:
    """Let a finished study be in the working directory."""
    monkeypatch.chdir(tmp_path)
    made = WholeModels(tmp_path)
    made.make()
    return made


def card(*options: str, model: Path = MODEL, target: str = "README.md") -> ModelCard:
    """Return the card that the command writes, as huggingface_hub reads it."""
    CliRunner().invoke(app, ["export", "card", str(model), target, *options], catch_exceptions=False)
    return ModelCard.load(target)


def results(card: ModelCard) -> dict[str, EvalResult]:
    """Return the results of a card by metric."""
    return {result.metric_type: result for result in card.data.eval_results or []}


def score() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(SCORE.read_text())
    return content


def test_the_numbers_of_the_card_are_those_of_the_score_file() -> None:
    read, file = results(card()), score()
    assert {"f1", "accuracy", "yes"} <= read.keys()
    for metric, result in read.items():
        assert result.metric_value == file["metrics"][metric]
        assert result.metric_args["interval_95"] == file["interval"][metric]
        assert result.metric_args["questions"] == file["n"] and result.metric_args["marks"] == list(file["marks"])
        assert (result.dataset_type, result.dataset_config) == ("pope", "llava15")


def test_the_card_states_data_recipe_and_lineage_by_digest() -> None:
    written = card()
    for path in ("data/raw/talk/000", "data/tables/talk", "results/subsets/full", "data/raw/pope/000", MODEL):
        assert digest_file(Path(f"{path}.manifest.json")) in written.text, path
    for path in (SCORE, "results/records/train/full.json", "results/records/score/full-pope.json"):
        assert digest_file(Path(path)) in written.text, path
    assert '"learning_rate": 0.001' in written.text
    data = results(written)["f1"].dataset_args["sha256"]
    assert data["data/raw/pope/000.manifest.json"] == digest_file(Path("data/raw/pope/000.manifest.json"))


def test_the_licence_is_null_unless_it_is_named() -> None:
    assert card().data.license is None and "## Licence\n\nnull" in Path("README.md").read_text()
    named = card("--licence", "apache-2.0", target="named.md")
    assert named.data.license == "apache-2.0" and named.text.endswith("apache-2.0\n")


def test_no_host_user_path_or_key_is_in_the_card(study: WholeModels) -> None:
    settings = {"recipe": {"name": "full", "data": USER_FOLDER, "note": KEY}}
    roles = {"subset": ["results/subsets/full.manifest.json"], "start": []}
    study.record("train", "results/records/train/full.json", roles, [f"{MODEL}.manifest.json"], settings)
    written = card().content
    assert not any(private in written for private in (HOST, USER_FOLDER, KEY, str(Path.cwd())))


def test_a_score_that_stands_on_other_bytes_is_left_out_by_name() -> None:
    write_text(SCORE, SCORE.read_text().replace('"n": 2', '"n": 3'))
    written = card()
    assert not written.data.eval_results and f"Left out: {SCORE}: it is altered since" in written.text


def test_a_score_whose_job_failed_is_not_on_the_card() -> None:
    path = Path("results/records/score/full-pope.json")
    content = json.loads(path.read_text())
    content.pop("seal", None)
    write_record(path, {**content, "outputs": {}, "exit": 1, "error": "killed"})
    assert not card().data.eval_results


def test_a_score_of_an_earlier_training_is_left_out(study: WholeModels) -> None:
    write_text(study.root / MODEL / "model.safetensors", "other bytes")
    study.manifest(MODEL.as_posix())
    roles = {"subset": ["results/subsets/full.manifest.json"], "start": []}
    study.record("train", "results/records/train/full.json", roles, [f"{MODEL}.manifest.json"], {})
    written = card()
    assert not written.data.eval_results and f"it stands on an earlier {MODEL}.manifest.json" in written.text


def test_an_adapter_has_the_scores_of_the_model_that_it_is_merged_into(study: WholeModels) -> None:
    adapter = Path("results/checkpoints/half")
    write_card(adapter, Card(kind="adapter", template="vicuna_v1"))
    study.manifest(adapter.as_posix())
    roles = {"subset": ["results/subsets/half.manifest.json"], "start": []}
    outputs = [f"{adapter}.manifest.json"]
    study.record("train", "results/records/train/half.json", roles, outputs, {"recipe": {"name": "lora", "rank": 16}})
    merged = {"adapter": outputs, "start": []}
    study.record("merge", "results/records/merge/full.json", merged, [f"{MODEL}.manifest.json"], {})
    Path("results/records/train/full.json").unlink()
    of_adapter, of_merged = card(model=adapter, target="a.md"), card(target="b.md")
    results_of_merged = [each for each in of_adapter.data.eval_results or [] if each.metric_args["run"] == "full"]
    assert results_of_merged == of_merged.data.eval_results
    assert (of_adapter.data.library_name, of_merged.data.library_name) == ("peft", "transformers")
    assert '"rank": 16' in of_adapter.text and '"rank": 16' in of_merged.text


def test_a_score_over_some_questions_says_so(study: WholeModels) -> None:
    record = json.loads(Path("results/records/score/full-pope.json").read_text())
    settings = {**record["settings"], "slice": 1}
    study.record("score", record["path"], record["roles"], list(record["outputs"]), settings)
    assert results(card())["f1"].metric_args["partial"] == "a part of the benchmark"


def test_what_has_no_record_or_differs_from_it_gets_no_card() -> None:
    with pytest.raises(PipelineError, match="no record says how this model was made"):
        card(model=Path("data/tables"))
    (MODEL / "model.safetensors").write_text("altered")
    with pytest.raises(PipelineError, match="was changed after it was made"):
        card()
    assert not Path("README.md").exists()


def test_no_file_is_overwritten() -> None:
    card()
    with pytest.raises(PipelineError, match="exists already"):
        card()
