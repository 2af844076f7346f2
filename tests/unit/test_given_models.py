"""Studies with models of others: which weights may be named where, and what a rehearsal calls them."""

from pathlib import Path

import pytest

from pipeline_lib.config import stages
from pipeline_lib.config.ancestry import model_family, needed_trainings, origins
from pipeline_lib.config.load import load_study
from pipeline_lib.config.paths import Paths
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
        ("    base: {start: vicuna_7b, tower: clip_l_336}\n", "", "weights.my_lora: an adapter needs a `base`"),
        ("{start: vicuna_7b, tower: clip_l_336}", "{start: vicuna_7b}", "weights.my_lora.base: .*needs a `tower`"),
        ("{start: vicuna_7b, tower: clip_l_336}", "{start: clip_l_336}", "kind clip; expected vlm or language"),
        ("{start: vicuna_7b, tower: clip_l_336}", "{start: vicuna}", "weights.my_lora.base.start: no such weights"),
        ("{start: vicuna_7b, tower: clip_l_336}", "{start: my_lora}", "weights.my_lora.base.start: .*in a cycle"),
        ("holds: adapter, template: vicuna_v1", "holds: language", "only an adapter has a base"),
        ("holds: adapter, template: vicuna_v1", "holds: adapter", "`template` is required for a LLaVA or an adapter"),
        ("holds: vlm, template: vicuna_v1", "holds: vlm, template: vicuna", "no such template: vicuna; did you mean"),
        ("holds: vlm, template", "holds: llava, template", "its name is now vlm"),
        ("holds: vlm, template: vicuna_v1", "holds: vlm", "`template` is required for a LLaVA"),
        ("holds: language", "holds: language, image_shape: pad", "`image_shape` is allowed for a LLaVA"),
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
    assert study.weights["llava_7b"].tower == "clip_l_336" and study.weights["my_lora"].dataset == "lora_files"


def test_the_former_recipe_for_an_adapter_names_what_replaced_it(tmp_path: Path) -> None:
    former = (
        "trainings:\n  theirs: {start: llava_7b, adapter: my_lora, recipe: {name: adopt, template: vicuna_v1}}\n\nruns:"
    )
    (tmp_path / "study.yaml").write_text(TEXT.replace("runs:", former))
    with pytest.raises(PipelineError) as refused:
        load_study(tmp_path / "study.yaml")
    text = str(refused.value)
    assert "trainings.theirs.recipe: no such recipe: adopt" in text and "trainings.theirs.adapter: unknown key" in text
    assert text.count("give the adapter's weights a `base: {start: NAME}`") == 2


def test_an_adapter_is_a_model_to_score_and_to_start_from(tmp_path: Path) -> None:
    further = (
        "trainings:\n  further: {start: my_lora, recipe: {name: assemble}}\n\nruns:\n  further: {model: further}\n"
    )
    (tmp_path / "study.yaml").write_text(TEXT.replace("runs:\n", further))
    study = load_study(tmp_path / "study.yaml")
    assert Paths(study, "results").model_folders("my_lora") == ["results/merged/my_lora"]
    assert origins(study, "further") == ("vicuna_7b", "clip_l_336")
    assert needed_trainings(study) == ["further"] and model_family(study, "my_lora") == "llava"


def test_published_files_have_the_same_settings_in_every_study() -> None:
    study = load_study(ROOT / "studies" / "evaluate.yaml")
    other = study.model_copy(update={"threads": study.threads + 3, "seed": 7, "numerics": "portable"})
    published = [name for name, entry in study.weights.items() if not entry.make.computes]
    assert published and all(stages.weights(study, name) == stages.weights(other, name) for name in published)
