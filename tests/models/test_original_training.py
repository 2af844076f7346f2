"""Trainings, held step by step against those of the original code: rows, ids, labels, losses, rates, weights.

The original ran with accelerate's and torch's generators seeded by 42, in float32, in one process.
"""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainingArguments

from pipeline_lib.core.plugins import load
from pipeline_lib.families.llava.model import PARTS
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.models.card import Card
from pipeline_lib.models.determinism import make_deterministic
from pipeline_lib.models.projector_file import write_projector
from pipeline_lib.recipes import full, lora, projector
from pipeline_lib.training.curve import Step
from pipeline_lib.training.loop import train
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.settings import Devices, Optimisation, TrainSettings
from pipeline_lib.training.task import Examples, Features, Recipe, Task, TrainingInputs, trained_parameters
from pipeline_lib.training.trainer import VlmTrainer
from tests.models.original import IGNORED, MARK, WORDS, Tensors, conversations, own, part, trained_tensors
from tests.numbers import distance
from tests.sample import columns

LOSS, NORM = 1e-6, 1e-5  # largest differences, as shares of the number recorded
WEIGHT = 4e-3  # largest difference, as a share of how far Adam can move a weight: its rate in every step
WIDTH = 16  # tokens of an image

HOW: dict[str, Any] = {"steps": 6, "batch_size": 4, "clip_norm": 1.0, "as_original": True}
FINETUNE: dict[str, Any] = {**HOW, "order": "modality", "learning_rate": 5e-4}
RUNS: dict[str, Optimisation] = {
    "a_stage1": projector.Settings(
        name="projector", template="plain", image_shape="square", **{**HOW, "learning_rate": 1e-3}
    ),
    "b_finetune": full.Settings(name="full", **FINETUNE),
    "b3_finetune_accum2": full.Settings(name="full", **FINETUNE),
    "b4_finetune_noclip": full.Settings(name="full", **{**FINETUNE, "clip_norm": 0.0}),
    "c_lora": lora.Settings(
        name="lora", rank=8, alpha=16, dropout=0.0, projector_learning_rate=2e-4, **{**FINETUNE, "learning_rate": 2e-3}
    ),
}
LAST = "models/llava-tiny-finetune/model.safetensors"  # what `b_finetune` wrote, where its trained part is not alone
UNFINISHED = {
    "b3_finetune_accum2",
    "b4_finetune_noclip",
}  # their last weights are in no recording, or not in the sample


@dataclass
class Seen:
    """What a training did: rows asked for, inputs and losses of its passes, rates of its tensors in each."""

    rows: list[int] = field(default_factory=list)
    inputs: list[Tensors] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    rates: list[dict[str, float]] = field(default_factory=list)


@contextmanager
def watched() -> Iterator[Seen]:
    """Note what trainings do."""
    seen = Seen()
    ask, compute = Examples.__getitem__, VlmTrainer.compute_loss

    def asked(self: Examples, index: int) -> Features:
        seen.rows.append(index)
        return ask(self, index)

    def computed(self: VlmTrainer, model: Any, inputs: Any, **keywords: Any) -> Any:
        loss = compute(self, model, inputs, **keywords)
        names = {id(value): name for name, value in self.model.named_parameters()}
        groups = self.optimizer.param_groups
        assert not any(group["fused"] for group in groups)
        seen.inputs.append(inputs)
        seen.losses.append(float(loss.detach()))
        seen.rates.append({names[id(value)]: group["lr"] for group in groups for value in group["params"]})
        return loss

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Examples, "__getitem__", asked)
        patch.setattr(VlmTrainer, "compute_loss", computed)
        yield seen


def prepared(golden: Path, run: str, pictures: ImageReader, folder: Path) -> Task:
    """Return the task of a recorded run, with the tensors that it began with."""
    first_stage = run == "a_stage1"
    recorded = "initial" if first_stage else "final"
    start = trained_tensors(golden / "train" / "a_stage1" / f"{recorded}_trainable.safetensors")
    write_projector(start, folder / "projector", Card(kind="projector"))
    rows = conversations(golden, "pretrain64" if first_stage else "finetune64", pictures)
    parts = part(golden, "vicuna-tiny", "language", folder), part(golden, "clip-tiny", "clip", folder)
    make_deterministic(0, 1)
    recipe = cast(Recipe, load("recipes", RUNS[run].name))
    task = recipe.prepare(RUNS[run], TrainingInputs(Base(*parts, folder / "projector"), rows, pictures, seed=42))
    if (golden / "train" / run / "initial_trainable.safetensors").is_file():
        begin(task, trained_tensors(golden / "train" / run / "initial_trainable.safetensors"))
    return task


@torch.no_grad()
def begin(task: Task, tensors: Tensors) -> None:
    """Put a run's first tensors into a task's model: those of an adapter are drawn at random."""
    trained = trained_parameters(task.model)
    assert trained.keys() == tensors.keys()
    for name, tensor in tensors.items():
        trained[name].copy_(tensor)


def collapsed(ids: list[int], labels: list[int], image: int) -> list[tuple[int, int]]:
    """Return a row with one mark for every image, as the original's batches have it."""
    kept, place = [], 0
    while place < len(ids):
        shown = ids[place] == image
        kept.append((MARK if shown else ids[place], IGNORED if shown else labels[place]))
        place += WIDTH if shown else 1
    return kept


@pytest.mark.parametrize("run", RUNS)
def test_a_training_is_that_of_the_original(golden: Path, run: str, pictures: ImageReader, tmp_path: Path) -> None:
    record = json.loads((golden / "train" / run / "record.json").read_text())
    batches, micro = load_file(golden / "train" / run / "batches.safetensors"), record["micro"]
    passes = len(micro) // 6
    task = prepared(golden, run, pictures, tmp_path)
    how = TrainSettings(recipe=RUNS[run], seed=42, threads=1, devices=Devices(micro_batch=4 // passes))
    added = added_rows(task)
    assert len(added) == 2 * (RUNS[run].name == "full")
    with watched() as seen:
        steps = train(task, RUNS[run], how, Resume(tmp_path / "state", 600))
    assert seen.rows[:24] == record["samples_used_in_order"]
    assert len(seen.losses) == len(micro) == 6 * passes
    assert distance([loss / passes for loss in seen.losses], [told["loss_returned"] for told in micro]) < LOSS
    expect_curve(steps, micro)
    expect_rows(seen.inputs, batches, task.model.config.image_token_id)
    expect_rates(seen.rates, record)
    assert all(torch.equal(rows, added[name]) for name, rows in added_rows(task).items())
    final = golden / "train" / run / "final_trainable.safetensors"
    final = golden / LAST if run == "b_finetune" and not final.is_file() else final
    assert final.is_file() or run in UNFINISHED
    if final.is_file():
        expect_weights(task, trained_tensors(final), len(steps) * RUNS[run].learning_rate)


def added_rows(task: Task) -> Tensors:
    """Return the rows of trained tables that are no words of the original."""
    return {
        name: value.detach()[WORDS:].clone()
        for name, value in trained_parameters(task.model).items()
        if len(value) > WORDS
    }


def expect_curve(steps: list[Step], micro: list[dict[str, Any]]) -> None:
    """Assert that the curve tells what every step did: its loss, the rate that it used, the gradient's norm."""
    assert [step.step for step in steps] == [1, 2, 3, 4, 5, 6]
    for number, step in enumerate(steps):
        passes = [told for told in micro if told["global_step_before"] == number]
        assert distance(step.loss, sum(told["loss_returned"] for told in passes)) < LOSS
        assert math.isclose(step.learning_rate, passes[0]["lr_used_by_group"][0], rel_tol=1e-12)
        norm = passes[-1].get("grad_norm_before_clip")  # not recorded where nothing is clipped
        assert norm is None or distance(step.gradient_norm, norm) < NORM


def expect_rows(inputs: list[Tensors], batches: Tensors, image: int) -> None:
    """Assert that the rows of all passes have the recorded ids and labels."""
    compared = 0
    for number, found in enumerate(inputs):
        told = {name: batches[f"micro{number}.{name}"] for name in ("input_ids", "labels", "attention_mask")}
        for place, mask in enumerate(told["attention_mask"]):
            kept = found["attention_mask"][place].bool()
            row = (found[name][place][kept].tolist() for name in ("input_ids", "labels"))
            assert collapsed(*row, image) == list(
                zip(told["input_ids"][place][mask].tolist(), told["labels"][place][mask].tolist(), strict=True)
            )
            compared += 1
    assert compared == 24


def expect_rates(rates: list[dict[str, float]], record: dict[str, Any]) -> None:
    """Assert that every tensor was trained at its recorded rate, in every pass."""
    told = [group["names"] for group in record["optimizer"]["groups"]]
    assert sum(map(len, told)) == len(rates[0])
    for found, micro in zip(rates, record["micro"], strict=True):
        for names, rate in zip(told, micro["lr_used_by_group"], strict=True):
            assert all(math.isclose(found[own(name)], rate, rel_tol=1e-12) for name in names)


def expect_weights(task: Task, told: Tensors, reach: float) -> None:
    """Assert that the trained tensors end as recorded; more rows than the original's vocabulary has are not told."""
    found = trained_parameters(task.model)
    assert found.keys() == told.keys()
    shown = {name: columns(found[name][:WORDS], tensor) for name, tensor in told.items()}
    assert distance(shown, told, reach) < WEIGHT


def rates_of(recipe: Optimisation) -> dict[str, float]:
    """Return a recipe's learning rates by the prefix of the parameters that have them."""
    return {prefix: rate for part, rate in recipe.own_rates().items() for prefix in PARTS[part]}


@pytest.mark.parametrize("run", ["b_finetune", "c_lora"])
def test_weights_decay_where_they_do_in_the_original(
    golden: Path, run: str, pictures: ImageReader, tmp_path: Path
) -> None:
    groups = json.loads((golden / "train" / run / "record.json").read_text())["optimizer"]["groups"]
    model = prepared(golden, run, pictures, tmp_path).model
    rates = {"learning_rate": RUNS[run].learning_rate, "weight_decay": 0.1}
    arguments = TrainingArguments(output_dir=str(tmp_path / "out"), use_cpu=True, report_to=[], **rates)
    trainer = VlmTrainer(model=model, args=arguments, row_seed=0, own_rates=rates_of(RUNS[run]))
    optimizer = trainer.create_optimizer()
    names = {id(value): name for name, value in model.named_parameters()}
    found = [
        (group["lr"], group["weight_decay"], {names[id(value)] for value in group["params"]})
        for group in optimizer.param_groups
    ]
    told = [
        (group["lr"], 0.0 if number % 2 else 0.1, set(map(own, group["names"]))) for number, group in enumerate(groups)
    ]
    assert found == [group for group in told if group[2]]  # the original keeps a group without tensors


def test_a_second_epoch_goes_on_in_the_order_of_the_original(
    golden: Path, pictures: ImageReader, tmp_path: Path
) -> None:
    told = json.loads((golden / "train" / "sampler.json").read_text())["derivation_two_epochs"]["order"]
    recipe = full.Settings(name="full", **{**FINETUNE, "steps": 32})
    task = prepared(golden, "b_finetune", pictures, tmp_path)
    quick = replace(task, collate=lambda rows: task.collate(rows[:1]))  # only the order counts here
    with watched() as seen:
        train(quick, recipe, TrainSettings(recipe=recipe, seed=42, threads=1), Resume(tmp_path / "state", 600))
    assert len(told) == 2 * 64
    assert seen.rows == told
