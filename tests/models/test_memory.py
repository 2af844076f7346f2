"""What a training needs of memory: exact where it says so, and refused before anything is loaded."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from pipeline_lib.config.load import load_study
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.cost.trainings import training_sizes
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.recipes import assemble, contrastive, full, lora, projector, prototypes, text
from pipeline_lib.recipes.prototypes import ClassText
from pipeline_lib.training import memory
from pipeline_lib.training.memory import Need, Sizes, check_memory, need, sizes_of
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import Devices, RecipeSettings, TrainSettings
from pipeline_lib.training.task import Recipe, TrainingInputs, trained_parameters
from tests.models.making import WORDS
from tests.project import ROOT

HOW: dict[str, Any] = {"steps": 1, "batch_size": 4, "learning_rate": 1e-2, "clip_norm": 1.0}
RECIPES: dict[str, RecipeSettings] = {
    "composed": full.Settings(name="full", projector="random", **HOW),
    "full": full.Settings(name="full", **HOW),
    "lora": lora.Settings(name="lora", rank=4, alpha=8, **HOW),
    "projector": projector.Settings(name="projector", **HOW),
    "contrastive": contrastive.Settings(name="contrastive", **HOW),
    "prototypes": prototypes.Settings(
        name="prototypes", label="answer", classes=[ClassText(label=word, text=f"a {word}") for word in WORDS], **HOW
    ),
    "text": text.Settings(name="text", **HOW),
}
BIG = Sizes(
    parameters=7_000_000_000, trained=6_700_000_000, layers=32, hidden=4096, intermediate=11008, vocabulary=32064
)


@pytest.fixture()
def cases(
    language: Path, tower: Path, rows: list[Conversation], images: ImageReader, tmp_path: Path
) -> dict[str, TrainingInputs]:
    composed = TrainingInputs(Base(language, tower), rows, images, seed=0)
    how = TrainSettings(recipe=assemble.Settings(name="assemble", projector="random"), seed=0, threads=1)
    train_recipe(composed, how, tmp_path / "base", Resume(tmp_path / "none", 600))
    assembled = replace(composed, base=Base(tmp_path / "base"))
    others = {name: replace(composed, base=Base(tower)) for name in ("contrastive", "prototypes")}
    others["text"] = replace(composed, base=Base(language), rows=[])
    return dict.fromkeys(RECIPES, assembled) | {"composed": composed} | others


def prepared(settings: RecipeSettings, material: TrainingInputs) -> torch.nn.Module:
    return cast(Recipe, load("recipes", settings.name)).prepare(settings, material).model


@pytest.mark.parametrize("name", RECIPES)
def test_the_sizes_are_those_of_the_real_model(cases: dict[str, TrainingInputs], name: str) -> None:
    found = sizes_of(RECIPES[name], cases[name])
    model = prepared(RECIPES[name], cases[name])
    assert found.parameters == sum(value.numel() for value in model.parameters())
    assert found.trained == sum(value.numel() for value in trained_parameters(model).values()) > 0
    assert not any(value.is_meta for value in model.parameters())


def test_no_tensor_is_read_for_the_sizes(cases: dict[str, TrainingInputs], tmp_path: Path) -> None:
    whole = sizes_of(RECIPES["lora"], cases["lora"])
    (cases["lora"].base.start / "model.safetensors").unlink()
    assert sizes_of(RECIPES["lora"], cases["lora"]) == whole
    with pytest.raises(OSError):
        prepared(RECIPES["lora"], cases["lora"])


@pytest.mark.parametrize("name", ["full", "lora", "projector"])
def test_the_exact_parts_are_the_bytes_of_a_step(cases: dict[str, TrainingInputs], name: str) -> None:
    model = prepared(RECIPES[name], cases[name])
    trained = list(trained_parameters(model).values())
    optimizer = torch.optim.AdamW(trained)
    torch.stack([value.sum() for value in trained]).sum().backward()
    optimizer.step()
    moments = [value for state in optimizer.state.values() for value in state.values() if value.dim()]
    found = need(sizes_of(RECIPES[name], cases[name]), Devices(), rows=1, tokens=None)
    assert found.weights == bytes_of(model.parameters())
    assert found.gradients == bytes_of(value.grad for value in model.parameters() if value.grad is not None)
    assert found.optimizer == bytes_of(moments)


def bytes_of(tensors: Any) -> int:
    return sum(value.numel() * value.element_size() for value in tensors)


def test_sharding_spreads_sixteen_bytes_a_parameter() -> None:
    """Of a model trained whole; figure 1 of Rajbhandari et al. 2020."""
    whole = replace(BIG, trained=BIG.parameters)
    spread = {}
    for sharding in ("zero2", "zero3"):
        devices = Devices.model_validate({"gpus_per_node": 8, "precision": "bfloat16", "sharding": sharding})
        found = need(whole, devices, 1, None)
        spread[sharding] = found.total / whole.parameters
    assert spread == pytest.approx({"zero2": 2 + 14 / 8, "zero3": 16 / 8})
    assert need(whole, Devices(), 1, None).total == 16 * whole.parameters


def test_recomputed_activations_take_less_and_more_tokens_more() -> None:
    kept, again = (need(BIG, Devices(recompute_activations=value), 4, 700) for value in (False, True))
    assert kept.activations is not None and again.activations is not None
    assert again.activations < kept.activations / 4
    assert need(BIG, Devices(), 8, 700).activations == 2 * kept.activations
    assert need(BIG, Devices(), 8, None).activations is None


def test_a_training_that_cannot_fit_is_refused_with_ways_out(
    cases: dict[str, TrainingInputs], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "main_memory", lambda: 100_000)
    how = TrainSettings(recipe=RECIPES["full"], seed=0, threads=1)
    with pytest.raises(PipelineError, match=r"cannot fit: weights and optimizer alone need 0\.00 GiB") as caught:
        check_memory(how, cases["full"], 30)
    assert "`lora` or `projector`" in str(caught.value)


def test_a_gpu_that_is_too_small_names_the_sharding_that_fits(
    cases: dict[str, TrainingInputs], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "sizes_of", lambda recipe, material: BIG)
    monkeypatch.setattr(memory, "gpu_memory", lambda: 40 * memory.GIB)
    how = TrainSettings(recipe=RECIPES["full"], seed=0, threads=1, device="cuda")
    with pytest.raises(PipelineError, match=r"gpus_per_node: 4, precision: bfloat16, sharding: zero3") as caught:
        check_memory(how, cases["full"], 700)
    assert "40.00 GiB" in str(caught.value)


def test_what_may_not_fit_is_a_warning(
    cases: dict[str, TrainingInputs], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sizes = sizes_of(RECIPES["full"], cases["full"])
    certain = need(sizes, Devices(), 4, None).certain
    monkeypatch.setattr(memory, "main_memory", lambda: certain)
    how = TrainSettings(recipe=RECIPES["full"], seed=0, threads=1)
    with caplog.at_level(logging.WARNING):
        check_memory(how, cases["full"], 30)
    assert "this may not fit" in caplog.text


def test_a_gpu_of_unknown_size_is_said_and_not_refused(
    cases: dict[str, TrainingInputs], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(memory, "gpu_memory", lambda: None)
    how = TrainSettings(recipe=RECIPES["projector"], seed=0, threads=1, device="cuda")
    with caplog.at_level(logging.WARNING):
        check_memory(how, cases["projector"], 30)
    assert "the GPU's memory is unknown" in caplog.text


def test_a_need_is_told_in_words() -> None:
    assert memory.describe(Need(2 * memory.GIB, 0, 0, None)).endswith("optimizer 0.00 GiB, activations unknown")


def test_a_plan_knows_the_sizes_of_a_training_that_starts_from_one_that_is_not_made(
    language: Path, tower: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data" / "weights").mkdir(parents=True)
    for name, folder in {"mini_llama": language, "mini_clip": tower}.items():
        (tmp_path / "data" / "weights" / name).symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    study = load_study(ROOT / "studies" / "mini.yaml")
    whole, projector = training_sizes(study, "full"), training_sizes(study, "pretrained")
    assert whole and projector and whole.parameters == projector.parameters
    assert whole.trained > projector.trained > 0
