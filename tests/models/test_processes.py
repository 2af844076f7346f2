"""Several processes share every step, and train what one process trains."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
import torch
from safetensors.torch import load_file

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.recipes import assemble, full
from pipeline_lib.training import zero
from pipeline_lib.training.launch import Work
from pipeline_lib.training.processes import train_in_processes
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import Devices, TrainSettings
from pipeline_lib.training.task import TrainingInputs
from tests.numbers import assert_close, distance

STEPS = 12
RECIPE = full.Settings(
    name="full", order="modality", steps=STEPS, batch_size=4, learning_rate=1e-2, clip_norm=1.0, warmup=0.0
)


@pytest.fixture()
def material(
    language: Path, tower: Path, rows: list[Conversation], images: ImageReader, tmp_path: Path
) -> TrainingInputs:
    """Half of the rows have no image, so that some steps have none."""
    without = [
        replace(
            row,
            row=row.row + 12,
            image=None,
            image_sha256=None,
            conversations=[dict(turn, value="words") for turn in row.conversations],
        )
        for row in rows[:8]
    ]
    composed = TrainingInputs(Base(language, tower), [*rows, *without], images, 0)
    how = TrainSettings(recipe=assemble.Settings(name="assemble", projector="random"), seed=0, threads=1)
    train_recipe(composed, how, tmp_path / "base", Resume(tmp_path / "none", 600))
    return replace(composed, base=Base(tmp_path / "base"))


def trained(material: TrainingInputs, folder: Path, devices: Devices, seconds: float = 600) -> dict[str, torch.Tensor]:
    how = TrainSettings(recipe=RECIPE, seed=0, threads=1, devices=devices)
    resume = Resume(folder.with_suffix(".state"), seconds)
    steps, _ = train_in_processes(Work(material, how, folder, resume, folder.with_suffix(".log")))
    assert [step.step for step in steps] == list(range(1, STEPS + 1))
    return load_file(folder / "model.safetensors")


@pytest.mark.long
def test_two_processes_train_what_one_process_does(material: TrainingInputs, tmp_path: Path) -> None:
    one = trained(material, tmp_path / "one", Devices(micro_batch=2))
    two = trained(material, tmp_path / "two", Devices(gpus_per_node=2), seconds=0)
    assert_close(two, one, 1e-5)


@pytest.mark.long
def test_processes_that_are_told_to_end_keep_their_state_and_go_on_to_the_same_bytes(
    material: TrainingInputs, tmp_path: Path
) -> None:
    devices = Devices(nodes=2)  # both here, where no scheduler has given any
    straight = trained(material, tmp_path / "straight", devices)
    teller = Thread(target=end_after_a_step, args=[tmp_path / "told.0.log"])
    teller.start()
    with pytest.raises(SystemExit):
        trained(material, tmp_path / "told", devices)
    teller.join()
    assert list((tmp_path / "told.state").glob("step-*"))
    assert distance(straight, trained(material, tmp_path / "told", devices)) == 0


def end_after_a_step(log: Path) -> None:
    """Tell this process to end once a process of its training has taken a step."""
    while not log.is_file() or f"1 of {STEPS} steps" not in log.read_text():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGTERM)


def test_sharding_without_deepspeed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zero, "find_spec", lambda name: None)
    with pytest.raises(PipelineError, match="DeepSpeed is not installed"):
        zero.zero_settings(Devices(sharding="zero3"), clip_norm=1.0)


@pytest.mark.usefixtures("loaded_once")
def test_the_error_of_a_process_is_reported_whole(material: TrainingInputs, tmp_path: Path) -> None:
    """Not its last line alone, which says the cure of what nothing names."""
    recipe = RECIPE.model_copy(update={"learning_rate": 1e-30, "steps": 1})
    how = TrainSettings(recipe=recipe, seed=0, threads=1, devices=Devices(gpus_per_node=2))
    work = Work(material, how, tmp_path / "model", Resume(tmp_path / "state", 600), tmp_path / "log")
    with pytest.raises(
        PipelineError, match=r"(?s)process 0.*has moved, and the recipe.*cure:.*raise the learning rate"
    ):
        train_in_processes(work)
