"""What the stock trainer of transformers 5 makes of an interrupted LLaVA, and what ours makes of it.

The stock trainer writes the hub's names into its states and reads them back with a plain, non-strict
`load_state_dict`: no name fits, it warns, and goes on with the optimizer of the state and the weights of the start.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Trainer, TrainerCallback, TrainingArguments

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.recipes import assemble, full, lora, projector
from pipeline_lib.training.resume import Guard, Resume, Saving
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import TrainSettings
from pipeline_lib.training.stop_signal import StopSignal
from pipeline_lib.training.task import Task, TrainingInputs, trained_parameters
from pipeline_lib.training.trainer import VlmTrainer

HOW: dict[str, Any] = {"steps": 4, "batch_size": 4, "learning_rate": 1e-2, "clip_norm": 1.0}
RECIPES = {
    "full": (full, full.Settings(name="full", **HOW)),
    "lora": (lora, lora.Settings(name="lora", rank=4, alpha=8, **HOW)),
    "projector": (projector, projector.Settings(name="projector", **HOW)),
}

Weights = dict[str, torch.Tensor]


class Look(TrainerCallback):
    """Copies the trained weights when a training begins and after its second step; optionally ends it there."""

    def __init__(self, end: bool = False) -> None:
        self.began: Weights = {}
        self.second: Weights = {}
        self._end = end

    def on_train_begin(self, args: Any, state: Any, control: Any, **keywords: Any) -> None:
        self.began = copied(keywords["model"])

    def on_step_end(self, args: Any, state: Any, control: Any, **keywords: Any) -> None:
        if state.global_step == 2:
            self.second = copied(keywords["model"])
            control.should_save = control.should_training_stop = self._end


def copied(model: torch.nn.Module) -> Weights:
    return {name: value.detach().clone() for name, value in trained_parameters(model).items()}


def equal(first: Mapping[str, torch.Tensor], second: Mapping[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture()
def material(
    language: Path, tower: Path, rows: list[Conversation], images: ImageReader, tmp_path: Path
) -> TrainingInputs:
    composed = TrainingInputs(Base(language, tower), rows, images, seed=0)
    how = TrainSettings(recipe=assemble.Settings(name="assemble", projector="random"), seed=0, threads=1)
    train_recipe(composed, how, tmp_path / "base", Resume(tmp_path / "none", 600))
    return replace(composed, base=Base(tmp_path / "base"))


def arguments(folder: Path) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder), max_steps=4, per_device_train_batch_size=4, learning_rate=1e-2, use_cpu=True,
        save_strategy="no", remove_unused_columns=False, report_to=[], disable_tqdm=True,
    )  # fmt: skip


def stock(task: Task, folder: Path, look: Look, state: Path | None = None) -> Trainer:
    trainer = Trainer(
        model=task.model,
        args=arguments(folder),
        train_dataset=task.examples,
        data_collator=task.collate,
        callbacks=[look],
    )
    trainer.train(resume_from_checkpoint=str(state) if state else None)
    return trainer


def ours(task: Task, folder: Path, look: Look, resume: Resume | None = None) -> VlmTrainer:
    state = resume.latest() if resume else None
    trainer = VlmTrainer(
        model=task.model,
        args=arguments(folder),
        train_dataset=task.examples,
        data_collator=task.collate,
        callbacks=[
            look,
            *([Saving(resume, StopSignal())] if resume and not state else []),
            *([Guard(state)] if state else []),
        ],
        row_seed=0,
        own_rates={},
    )
    trainer.train(resume_from_checkpoint=str(state) if state else None)
    return trainer


@pytest.mark.parametrize(("name", "silently_wrong"), [("full", True), ("projector", True), ("lora", False)])
def test_the_stock_trainer_goes_on_with_the_weights_of_the_start(
    material: TrainingInputs, tmp_path: Path, name: str, silently_wrong: bool
) -> None:
    """An adapter of PEFT is read by another way, which is right."""
    recipe, settings = RECIPES[name]
    first, second = Look(end=True), Look()
    stock(recipe.prepare(settings, material), tmp_path, first)
    again = stock(recipe.prepare(settings, material), tmp_path, second, tmp_path / "checkpoint-2")
    assert not equal(first.began, first.second)  # two steps changed the weights
    assert again.state.global_step == 4 and again.optimizer.state  # it says that it went on from step 2
    assert equal(second.began, first.began if silently_wrong else first.second)


@pytest.mark.parametrize("name", RECIPES)
def test_ours_goes_on_bit_by_bit(material: TrainingInputs, tmp_path: Path, name: str) -> None:
    recipe, settings = RECIPES[name]
    straight, first, second = Look(), Look(end=True), Look()
    whole = ours(recipe.prepare(settings, material), tmp_path / "whole", straight)
    resume = Resume(tmp_path / "states", 0)
    ours(recipe.prepare(settings, material), resume.writing, first, resume)
    again = ours(recipe.prepare(settings, material), tmp_path / "again", second, resume)
    assert equal(straight.second, first.second) and equal(second.began, first.second)
    assert not equal(first.began, first.second)
    assert equal(copied(again.model), copied(whole.model))
