"""Which weights say how a training's conversations are tokenised, and which trainings are previewed."""

from pathlib import Path

import pytest

from pipeline_lib.config.ancestry import origins, read_conversations
from pipeline_lib.config.load import load_study
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
