"""The parameters that `vlmflow plan` counts without torch are those of the real models, of every family."""

from importlib import import_module
from pathlib import Path

import pytest
import torch
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

from pipeline_lib.config.load import load_study
from pipeline_lib.core.text import read_object
from pipeline_lib.cost.memory import memory_of
from pipeline_lib.cost.shapes import counts_of
from pipeline_lib.cost.trainings import training_sizes
from pipeline_lib.models.family import load_family
from tests.models.internvl import small_internvl
from tests.models.random_models import TEMPLATES, random_model
from tests.project import ROOT

GB = 10**9


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_parts_of_a_whole_model_are_counted(name: str, language: Path, tower: Path, tmp_path: Path) -> None:
    folder, family = random_model(name, language, tower, tmp_path), load_family(name)
    counts = import_module(f"pipeline_lib.families.{name}.counts").counted(read_object(folder / "config.json"), None, 0)
    real = dict.fromkeys(family.PARTS, 0)
    for parameter, tensor in family.load(folder).model.named_parameters():
        part = next(part for part, prefixes in family.PARTS.items() if parameter.startswith(prefixes))
        real[part] += tensor.numel()
    assert counts.parts == real


def test_a_composed_internvl_has_the_words_of_its_language_model_and_its_own(tmp_path: Path) -> None:
    vlm = small_internvl(tmp_path)
    configs = [read_object(tmp_path / part / "config.json") for part in ("language", "tower")]
    module = import_module("pipeline_lib.families.internvl.counts")
    counts = module.counted(*configs, len(vlm.tokens.tokenizer))
    assert sum(counts.parts.values()) == sum(tensor.numel() for tensor in vlm.model.parameters())


def test_the_half_study_has_the_parameters_of_llava15_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = load_study(ROOT / "studies" / "llava15_half.yaml")
    monkeypatch.chdir(tmp_path)
    counts = counts_of(study, "half")
    assert counts is not None
    vision = study.weights["clip_l_336"].shape
    words = study.weights["vicuna_7b"].shape
    assert vision is not None and vision.vision is not None and words is not None and words.language is not None
    text = LlamaConfig(**{**words.language.keys(), "vocab_size": counts.text.vocabulary})
    with torch.device("meta"):
        model = LlavaForConditionalGeneration(
            LlavaConfig(vision_config=CLIPVisionConfig(**vision.vision.keys()), text_config=text)
        )
    sizes = training_sizes(study, "half")
    assert sizes is not None and sizes.parameters == sum(tensor.numel() for tensor in model.parameters())
    tower = sum(tensor.numel() for tensor in model.model.vision_tower.parameters())
    assert sizes.trained == sizes.parameters - tower


@pytest.mark.parametrize("name", ["released", "untrained", "pretrained", "half", "full"])
def test_the_half_study_fits_its_node(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = load_study(ROOT / "studies" / "llava15_half.yaml")
    monkeypatch.chdir(tmp_path)
    memory = memory_of(study, name, tmp_path)
    assert memory is not None and memory.node < study.memory_gb * GB
    assert memory.need is None or memory.need.total < 80 * GB
