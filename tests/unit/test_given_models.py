"""Studies with models of others: which weights may be named where, and what a rehearsal calls them."""

from pathlib import Path

import pytest

from pipeline_lib.config.load import load_study
from pipeline_lib.core.errors import PipelineError
from tests.project import ROOT

TEXT = (ROOT / "studies" / "evaluate.yaml").read_text()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "    tower: clip_l_336\n    make:",
            "    tower: vicuna_7b\n    make:",
            "model of kind language; expected clip",
        ),
        ("    tower: clip_l_336\n    make:", "    tower: clip\n    make:", "weights.llava_7b.tower: no such weights"),
        ("    dataset: vicuna_files\n", "    dataset: vicuna_files\n    tower: clip_l_336\n", "expected no model"),
        ("    adapter: my_lora_files\n", "", "trainings.my_lora: this recipe needs an `adapter`"),
        ("    adapter: my_lora_files\n", "    adapter: llava_7b\n", "model of kind llava; expected adapter"),
        ("{name: adopt, template: vicuna_v1}", "{name: assemble}", "trainings.my_lora.adapter: .*expected no model"),
        ("{name: adopt, template: vicuna_v1}", "{name: adopt}", "the key `template` is missing"),
        ("holds: llava, template: vicuna_v1", "holds: llava, template: vicuna", "no such prompt: vicuna; did you mean"),
        ("holds: llava, template: vicuna_v1", "holds: llava", "`template` is required for a LLaVA"),
        ("holds: adapter", "holds: adapter, image_shape: pad", "`image_shape` is allowed for a LLaVA"),
        ("my_lora: {model: my_lora}", "my_lora: {model: my_lora_files}", "model of kind adapter; expected llava"),
    ],
)
def test_a_model_at_the_wrong_place_is_a_fault(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TEXT
    (tmp_path / "study.yaml").write_text(TEXT.replace(old, new, 1))
    with pytest.raises(PipelineError, match=said):
        load_study(tmp_path / "study.yaml")


def test_a_rehearsal_shares_the_weights_of_others(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(TEXT.replace("# limit: {questions: 60}", "limit: {questions: 60}"))
    study = load_study(tmp_path / "study.yaml")
    assert study.weights.keys() == load_study(ROOT / "studies" / "evaluate.yaml").weights.keys()
    assert study.weights["llava_7b"].tower == "clip_l_336" and study.trainings["my_lora"].adapter == "my_lora_files"
