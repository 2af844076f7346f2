"""A training that moves a frozen parameter, or leaves a trained part as it was, writes no checkpoint."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.recipes import full, lora, projector
from pipeline_lib.training.task import TrainingInputs
from pipeline_lib.training.trainer import FiniteLoss, VlmTrainer
from tests.models.trained import train, without_image

HOW: dict[str, Any] = {"steps": 3, "batch_size": 4, "learning_rate": 1e-3, "clip_norm": 1.0, "projector": "random"}


@pytest.fixture()
def material(language: Path, tower: Path, rows: list[Conversation], images: ImageReader) -> TrainingInputs:
    return TrainingInputs(Base(language, tower), rows, images, seed=0)


def after_each_step(patch: pytest.MonkeyPatch, part: str, change: str) -> None:
    """Let every step add to one value of a part, or keep the part's gradients at zero."""
    original = VlmTrainer.training_step

    def training_step(self: VlmTrainer, *arguments: Any, **keywords: Any) -> Any:
        loss = original(self, *arguments, **keywords)
        parameters = [value for name, value in self.model.named_parameters() if part in name]
        with torch.no_grad():
            if change == "moved":
                parameters[-1].view(-1)[0] += 1e-3
            for parameter in parameters if change == "still" else []:
                parameter.grad = None
        return loss

    patch.setattr(VlmTrainer, "training_step", training_step)


@pytest.mark.parametrize("recipe", [full.Settings(name="full", **HOW), lora.Settings(name="lora", rank=2, **HOW)])
def test_one_value_of_a_frozen_part_is_enough(
    material: TrainingInputs, recipe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_each_step(monkeypatch, "vision_tower", "moved")
    with pytest.raises(PipelineError, match=r"moved 1 parameters of frozen parts[\s\S]*vision_tower"):
        train(material, recipe, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_part_that_stays_as_it_was_is_named(
    material: TrainingInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_each_step(monkeypatch, "multi_modal_projector", "still")
    with pytest.raises(PipelineError, match="no parameter of the projector has moved"):
        train(material, full.Settings(name="full", **HOW), tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_rate_too_small_for_float32_is_no_training(material: TrainingInputs, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="raise the learning rate"):
        train(material, full.Settings(name="full", **{**HOW, "learning_rate": 1e-30}), tmp_path / "model")


def test_a_projector_learns_nothing_from_texts_alone(material: TrainingInputs, tmp_path: Path) -> None:
    texts = replace(material, rows=[without_image(row) for row in material.rows])
    how = {key: value for key, value in HOW.items() if key != "projector"}
    with pytest.raises(PipelineError, match=r"changed no parameter[\s\S]*none has an image"):
        train(texts, projector.Settings(name="projector", **how), tmp_path / "model")
    assert train(texts, full.Settings(name="full", **HOW), tmp_path / "full").is_dir()


def test_a_last_step_that_leaves_no_finite_value_is_an_error(
    material: TrainingInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No later loss shows it."""
    monkeypatch.setattr(FiniteLoss, "on_step_end", lambda *arguments, model, **keywords: _damage(model), raising=False)
    with pytest.raises(PipelineError, match=r"1 trained parameters are not finite[\s\S]*multi_modal_projector"):
        train(material, full.Settings(name="full", **{**HOW, "steps": 1}), tmp_path / "model")
    assert not (tmp_path / "model").exists()


def _damage(model: Any) -> None:
    with torch.no_grad():
        model.model.multi_modal_projector.linear_1.weight[0, 0] = float("inf")


def test_a_training_as_it_should_be_is_written(material: TrainingInputs, tmp_path: Path) -> None:
    assert train(material, full.Settings(name="full", **HOW), tmp_path / "model").is_dir()
