"""Recipes with the published values of trainings: those values, any of which a study may change."""

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline_lib.core.plugins import load
from pipeline_lib.training.settings import Devices

# By recipe: rows a step, the devices of the published run, and the values that its script states.
PUBLISHED: dict[str, tuple[int, Devices, dict[str, Any]]] = {
    "llava15_pretrain": (
        256,
        Devices(gpus_per_node=8, micro_batch=32),
        {"learning_rate": 1e-3, "epochs": 1, "template": "plain", "image_shape": "square", "max_length": 2048},
    ),
    "llava15_full": (
        128,
        Devices(gpus_per_node=8, micro_batch=16),
        {"learning_rate": 2e-5, "epochs": 1, "order": "modality", "image_shape": "pad", "max_length": 2048},
    ),
    "llava15_lora": (
        128,
        Devices(gpus_per_node=8, micro_batch=16),
        {"learning_rate": 2e-4, "projector_learning_rate": 2e-5, "rank": 128, "alpha": 256, "epochs": 1},
    ),
    "oa_lora": (
        16,
        Devices(micro_batch=16),
        {"learning_rate": 2e-4, "projector_learning_rate": 2e-5, "rank": 128, "alpha": 256, "epochs": 3},
    ),
    "oa_mlp": (
        16,
        Devices(micro_batch=16),
        {"learning_rate": 1e-4, "epochs": 1, "max_length": 1024, "template": "vicuna_v1", "order": "modality"},
    ),
}
INTERNVL = {"learning_rate": 1e-5, "epochs": 1, "template": "hermes_2", "weight_decay": 0.05, "clip_norm": 1.0}
SAME = {"schedule": "cosine", "warmup": 0.03, "weight_decay": 0.0, "clip_norm": 0.0, "beta1": 0.9, "beta2": 0.999}


def recipe(name: str, **changes: Any) -> Any:
    return load("recipes", name).Settings.model_validate({"name": name, **changes})


@pytest.mark.parametrize("name", PUBLISHED)
def test_its_values_are_the_published_ones(name: str) -> None:
    rows, devices, values = PUBLISHED[name]
    stated = recipe(name).model_dump()
    assert stated == {**stated, **SAME, **values, "batch_size": rows}
    assert devices.passes(rows) == 1  # world size x micro batch: no accumulation, as published


@pytest.mark.parametrize("name", PUBLISHED)
def test_it_is_the_recipe_that_it_names_with_these_values_written_out(name: str) -> None:
    base = {"llava15_full": "full", "llava15_lora": "lora", "oa_lora": "lora"}.get(name, "projector")
    values = {key: value for key, value in recipe(name).model_dump().items() if key != "name"}
    assert recipe(base, **values).model_dump() == {**values, "name": base}
    module, base_module = load("recipes", name), load("recipes", base)
    assert module.prepare is base_module.prepare
    for key in ("makes", "saves", "trains"):
        assert getattr(module.Settings, key) == getattr(base_module.Settings, key)


def test_a_study_may_change_a_value_within_its_bounds() -> None:
    changed = recipe("llava15_full", learning_rate=1e-5, steps=7)
    assert (changed.learning_rate, changed.steps, changed.epochs, changed.batch_size) == (1e-5, 7, None, 128)
    with pytest.raises(ValidationError, match="greater than 0"):
        recipe("oa_mlp", learning_rate=-1)
    with pytest.raises(ValidationError, match="give either epochs or steps"):
        recipe("oa_mlp", epochs=2, steps=7)


@pytest.mark.parametrize(
    ("name", "rows", "gpus", "micro_batch", "passes", "trains"),
    [
        ("internvl12_sft", 512, 64, 8, 1, ("language", "projector", "vision")),
        ("internvl12_sft", 512, 32, 8, 2, ("language", "projector", "vision")),
        ("internvl12_continue", 128, 16, 4, 2, ("language", "projector")),
        ("internvl12_lora", 16, 2, 4, 2, ()),
    ],
)
def test_internvl_has_its_own_published_values(
    name: str, rows: int, gpus: int, micro_batch: int, passes: int, trains: tuple[str, ...]
) -> None:
    settings = recipe(name)
    stated = settings.model_dump()
    assert stated == {**stated, **SAME, **INTERNVL, "batch_size": rows, "max_length": 2048, "image_shape": "square"}
    assert stated.get("drop_path", 0) == (0.4 if name == "internvl12_sft" else 0)
    assert settings.trains == trains
    assert Devices(nodes=max(1, gpus // 8), gpus_per_node=min(gpus, 8), micro_batch=micro_batch).passes(rows) == passes


def test_internvl_by_lora_trains_neither_tower_nor_projector() -> None:
    stated = recipe("internvl12_lora").model_dump()
    assert (stated["rank"], stated["alpha"], stated["dropout"], stated["trains_projector"]) == (16, 32, 0.05, False)


def test_sco_has_its_own_published_values() -> None:
    stated = recipe("sco_lora").model_dump()
    values = {"rank": 8, "alpha": 32, "dropout": 0.05, "layers": ["q_proj", "v_proj"], "learning_rate": 1e-5}
    rates = {"epochs": 3, "schedule": "step", "rate_factor": 0.85, "warmup": 0, "weight_decay": 0, "clip_norm": 0}
    assert stated == {
        **stated,
        **values,
        **rates,
        "template": "llama_3",
        "image_shape": "square",
        "trains_projector": False,
    }
    assert Devices(gpus_per_node=2, micro_batch=4, sharding="fsdp").passes(stated["batch_size"]) == 1


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"projector": "random"}, "lacks a random projector unless it trains it"),  # which a merge could not draw again
        ({"projector_learning_rate": 1e-3}, "has no effect with trains_projector: false"),
        ({"layers": []}, "at least 1 item"),
    ],
)
def test_an_adapter_of_nothing_or_on_a_projector_that_is_lost_is_refused(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        recipe("sco_lora", **changes)


def test_only_the_schedule_by_steps_has_a_factor() -> None:
    with pytest.raises(ValidationError, match="has a rate_factor"):
        recipe("sco_lora", schedule="cosine")
    with pytest.raises(ValidationError, match="has a rate_factor"):
        recipe("llava15_lora", schedule="step")
