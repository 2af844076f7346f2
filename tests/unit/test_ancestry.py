"""Which weights and which family a training leads back to, and which trainings are previewed."""

from pathlib import Path

import pytest

from pipeline_lib.config import stages
from pipeline_lib.config.ancestry import model_family, origins, read_conversations
from pipeline_lib.config.load import load_study
from pipeline_lib.workflow.parameters import plugins_of
from tests.project import ROOT


@pytest.mark.parametrize(
    ("study", "training", "expected"),
    [
        ("config.yaml", "pretrained", ("digits_llama", "digits_clip")),
        ("config.yaml", "full", ("digits_llama", "digits_clip")),
        ("studies/llava15_half.yaml", "half", ("vicuna_7b", "clip_l_336")),
    ],
)
def test_a_training_leads_back_to_weights(study: str, training: str, expected: tuple[str, str]) -> None:
    assert origins(load_study(ROOT / study), training) == expected


def test_a_llava_of_others_needs_no_tower(tmp_path: Path) -> None:
    text = (ROOT / "studies/llava15_half.yaml").read_text()
    path = tmp_path / "study.yaml"
    path.write_text(text.replace("start: released     # or pretrained", "start: llava_7b"))
    assert origins(load_study(path), "half") == ("llava_7b", None)


def test_what_the_runs_need_and_reads_conversations_is_previewed() -> None:
    assert read_conversations(load_study(ROOT / "config.yaml")) == [
        "full", "half", "lora", "pretrained", "projector", "tenth",
    ]  # fmt: skip
    assert read_conversations(load_study(ROOT / "studies/llava15_half.yaml")) == ["full", "half"]


def test_a_models_family_is_that_of_the_weights_it_starts_from(tmp_path: Path) -> None:
    assert model_family(load_study(ROOT / "config.yaml"), "lora") == "llava"  # composed of parts of no family
    path = tmp_path / "study.yaml"
    text = (ROOT / "studies/llava15_half.yaml").read_text()
    text = text.replace("start: released     # or pretrained", "start: llava_7b")
    path.write_text(text.replace("kind: pretrained, holds: vlm,", "kind: pretrained, family: mllama, holds: vlm,"))
    assert [model_family(load_study(path), name) for name in ("llava_7b", "half")] == ["mllama", "mllama"]


def test_the_code_of_a_stage_covers_what_it_calls_of_its_models_family() -> None:
    study = load_study(ROOT / "config.yaml")
    model = "pipeline_lib.families.llava.model"
    for settings, members in (
        (stages.predict(study, "lora", "pope"), {"load", "suppressed_ids", "image_features", "hidden_states"}),
        (stages.inspect(study, "lora"), {"open_tokens", "encode_row"}),
        (stages.merge(study, "lora"), {"load", "compose", "PARTS", "probe"}),
        (stages.train(study, "lora"), {"load", "compose", "PARTS", "LORA_TARGETS", "encode_row", "blank_features"}),
    ):
        assert {use for use in plugins_of(settings) if "families" in use} == {f"{model}:{name}" for name in members}
    for settings in (stages.train(study, "language"), stages.weights(study, "digits_llama")):
        assert not [name for name in plugins_of(settings) if "families" in name]
