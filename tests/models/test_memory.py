"""What a training needs of memory: exact where it says so, and refused before anything is loaded."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from pipeline_lib.config.load import load_study
from pipeline_lib.config.study import Study
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.cost.trainings import training_sizes
from pipeline_lib.families.llava.model import LORA_TARGETS
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.recipes import assemble, contrastive, full, lora, projector, prototypes, text
from pipeline_lib.recipes.prototypes import ClassText
from pipeline_lib.training import memory
from pipeline_lib.training.memory import check_memory, sizes_of
from pipeline_lib.training.need import GIB, Need, Rows, Sizes, describe, need, vectors
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
    parameters=7_000_000_000,
    trained=6_700_000_000,
    layers=32,
    hidden=4096,
    intermediate=11008,
    vocabulary=32064,
    keys=4096,
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
    found = need(sizes_of(RECIPES[name], cases[name]), Devices(), Rows(1))
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
        found = need(whole, devices, Rows(1))
        spread[sharding] = (found.total - found.gathered) / whole.parameters
    assert spread == pytest.approx({"zero2": 2 + 14 / 8, "zero3": 16 / 8})
    assert need(whole, Devices(), Rows(1)).total == 16 * whole.parameters


def test_recomputed_activations_take_less_and_more_tokens_more() -> None:
    kept, again = (need(BIG, Devices(recompute_activations=value), Rows(4, 700)) for value in (False, True))
    assert kept.activations is not None and again.activations is not None
    assert again.activations < kept.activations / 4
    assert need(BIG, Devices(), Rows(8, 700)).activations == 2 * kept.activations
    assert need(BIG, Devices(), Rows(8)).activations is None


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
    monkeypatch.setattr(memory, "gpu_memory", lambda: 40 * GIB)
    how = TrainSettings(recipe=RECIPES["full"], seed=0, threads=1, device="cuda")
    with pytest.raises(PipelineError, match=r"gpus_per_node: 4, precision: bfloat16, sharding: zero3") as caught:
        check_memory(how, cases["full"], 700)
    assert "40.00 GiB" in str(caught.value)


def test_what_may_not_fit_is_a_warning(
    cases: dict[str, TrainingInputs], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sizes = sizes_of(RECIPES["full"], cases["full"])
    certain = need(sizes, Devices(), Rows(4)).certain
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
    assert describe(Need(2 * GIB, 0, 0, None)).endswith("optimizer 0.00 GiB, activations unknown")


@pytest.fixture()
def mini(language: Path, tower: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Return the study `mini` in a folder that has its weights alone."""
    (tmp_path / "data" / "weights").mkdir(parents=True)
    for name, folder in {"mini_llama": language, "mini_clip": tower}.items():
        (tmp_path / "data" / "weights" / name).symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    return load_study(ROOT / "studies" / "mini.yaml")


@pytest.mark.parametrize("name", RECIPES)
def test_a_plan_counts_the_sizes_that_the_training_counts(
    cases: dict[str, TrainingInputs], mini: Study, name: str
) -> None:
    of = {"text": "language", "contrastive": "tower", "prototypes": "tower"}.get(name, "full")
    training = mini.trainings[of].model_copy(update={"recipe": RECIPES[name]})
    study = mini.model_copy(update={"trainings": {**mini.trainings, of: training}})
    assert training_sizes(study, of) == sizes_of(RECIPES[name], cases[name])


SHAPE = Sizes(1000, 1000, layers=3, hidden=256, intermediate=688, vocabulary=40, keys=128)


@pytest.mark.parametrize("mode", ["float32", "autocast", "deepspeed"])
@pytest.mark.parametrize("trains", ["all", "none", "lora", "dropout"])
@pytest.mark.parametrize("padded", [False, True])
def test_a_layer_stores_what_autograd_stores(mode: str, trains: str, padded: bool) -> None:
    rank, dropout = (8, 0.5 if trains == "dropout" else 0.0) if trains in ("lora", "dropout") else (0, 0.0)
    sizes = replace(SHAPE, trains="lora" if rank else trains, rank=rank, dropout=dropout)
    devices = Devices.model_validate(
        {
            "precision": "float32" if mode == "float32" else "bfloat16",
            "sharding": "zero2" if mode == "deepspeed" else "none",
        }
    )
    tokens, rows = 50, 4
    mask = tokens * (4 if mode == "float32" else 2) if padded else 0
    found = [autograd_bytes(replace(sizes, layers=layers), mode, rows, tokens, padded) for layers in (1, 3)]
    layer = (found[1] - found[0]) / 2 / rows / tokens
    assert vectors(sizes, devices, padded) + mask == pytest.approx(layer, rel=0.02)


def autograd_bytes(sizes: Sizes, mode: str, rows: int, tokens: int, padded: bool) -> int:
    """Return the bytes of all tensors of some size per token that autograd stores behind a Llama's layers."""
    config = LlamaConfig(
        hidden_size=sizes.hidden,
        intermediate_size=sizes.intermediate,
        num_hidden_layers=sizes.layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=sizes.vocabulary,
    )
    model: Any = LlamaForCausalLM(config).requires_grad_(sizes.trains == "all")
    if sizes.trains == "lora":
        model = get_peft_model(
            model,
            LoraConfig(
                r=sizes.rank, lora_dropout=sizes.dropout, target_modules=LORA_TARGETS.replace("language_model", "model")
            ),
        )
    model = model.bfloat16() if mode == "deepspeed" else model
    parameters = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.untyped_storage().data_ptr() not in parameters and tensor.numel() % (rows * tokens) == 0:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    mask = torch.ones(rows, tokens, dtype=torch.long)
    if padded:
        mask[0, 1:] = 0
    words = torch.randn(rows, tokens, sizes.hidden, dtype=torch.bfloat16 if mode == "deepspeed" else torch.float32)
    inner = model.get_base_model().model if sizes.trains == "lora" else model.model
    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=mode == "autocast"),
    ):
        inner.train()(inputs_embeds=words.requires_grad_(), attention_mask=mask, use_cache=False)
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


def test_a_plan_knows_the_sizes_of_a_training_that_starts_from_one_that_is_not_made(mini: Study) -> None:
    whole, projector = training_sizes(mini, "full"), training_sizes(mini, "pretrained")
    assert whole and projector and whole.parameters == projector.parameters
    assert whole.trained > projector.trained > 0
