"""Processes that shard weights, gradients and optimizer train what one process trains, and resume after kill -9."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, Literal

import pytest
from safetensors.torch import load_file

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.models.opening import load_vlm
from pipeline_lib.recipes import assemble, full, lora
from pipeline_lib.training import launch
from pipeline_lib.training.curve import Step
from pipeline_lib.training.noted import noted
from pipeline_lib.training.processes import train_in_processes
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import Devices, RecipeSettings, TrainSettings
from pipeline_lib.training.task import TrainingInputs
from tests.models.mllama import small_mllama
from tests.models.trained import without_image
from tests.numbers import assert_close

CLOSE = 1e-5  # of the largest loss, and of the largest weight
STEPS: dict[str, Any] = {"steps": 6, "batch_size": 4, "learning_rate": 1e-2, "clip_norm": 1.0, "warmup": 0.0}
FULL = full.Settings(name="full", **STEPS)
LORA = lora.Settings(name="lora", rank=2, alpha=4, dropout=0.1, **STEPS)
ONE, TWO = Devices(micro_batch=2), {"gpus_per_node": 2, "micro_batch": 2}

pytestmark = pytest.mark.usefixtures("loaded_once")


@dataclass(frozen=True)
class Training:
    """A training's inputs and recipe, with a folder for its outputs."""

    material: TrainingInputs
    recipe: RecipeSettings
    folder: Path

    def run(self, name: str, devices: Devices, seconds: float = 600) -> tuple[list[Step], dict[str, bytes]]:
        """Train, and return the steps and the files of the checkpoint by name."""
        how = TrainSettings(recipe=self.recipe, seed=0, threads=1, devices=devices)
        log, target = self.folder / f"{name}.log", self.folder / name
        steps, _ = train_in_processes(launch.Work(self.material, how, target, self.resume(name, seconds), log))
        return steps, {path.name: path.read_bytes() for path in sorted(target.iterdir())}

    def resume(self, name: str, seconds: float = 600) -> Resume:
        return Resume(self.folder / f"{name}.state", seconds)

    def killed(self, name: str, devices: Devices, step: int) -> None:
        """Train until the state of a step is complete; then all processes end by kill -9."""
        killer = Thread(target=self._kill, args=[name, step])
        killer.start()
        with pytest.raises(PipelineError, match=r"process \d of this training failed"):
            self.run(name, devices, seconds=0)
        killer.join()
        assert not (self.folder / name).exists()

    def _kill(self, name: str, step: int) -> None:
        folder = self.resume(name).folder
        while not [state for state in folder.glob("step-*") if int(state.name[5:]) >= step]:
            time.sleep(0.002)
        for process in multiprocessing.active_children():
            os.kill(int(process.pid or 0), signal.SIGKILL)


@pytest.fixture(scope="session")
def bases(
    language: Path, tower: Path, images: ImageReader, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Base]:
    """Return a small LLaVA and a small Mllama."""
    root = tmp_path_factory.mktemp("bases")
    composed = TrainingInputs(Base(language, tower), [], images, 0)
    how = TrainSettings(recipe=assemble.Settings(name="assemble", projector="random"), seed=0, threads=1)
    train_recipe(composed, how, root / "llava", Resume(root / "none", 600))
    folders = {"llava": root / "llava", "mllama": small_mllama(root / "mllama")}
    return {name: Base(folder, digests={"start": name}) for name, folder in folders.items()}


@pytest.fixture()
def training(
    bases: dict[str, Base], rows: list[Conversation], images: ImageReader, tmp_path: Path
) -> Callable[[str, RecipeSettings], Training]:
    """Return a function that makes trainings on rows of which half have no image, in any order.

    So some passes have no image while that of the other process has one, and some steps have none at all.
    """
    mixed = [without_image(row) if row.row % 4 in (1, 2) else row for row in rows]

    def make(family: str, recipe: RecipeSettings) -> Training:
        return Training(TrainingInputs(bases[family], mixed, images, 0), recipe, tmp_path)

    return make


def expect_close(two: tuple[list[Step], dict[str, bytes]], one: tuple[list[Step], dict[str, bytes]]) -> None:
    assert two[1].keys() == one[1].keys()
    for values in (lambda step: step.loss, lambda step: step.gradient_norm, lambda step: step.learning_rate):
        assert_close([values(step) for step in two[0]], [values(step) for step in one[0]], CLOSE)


@pytest.mark.parametrize(
    ("family", "recipe", "sharding"),
    [("llava", FULL, "zero3"), pytest.param("mllama", LORA, "fsdp", marks=pytest.mark.long)],
)
def test_sharded_training_that_was_killed_ends_with_the_same_bytes(
    training: Callable[..., Training], family: str, recipe: RecipeSettings, sharding: Literal["zero3", "fsdp"]
) -> None:
    case, devices = training(family, recipe), Devices(**TWO, sharding=sharding)
    straight = case.run("straight", devices)
    case.killed("killed", devices, step=2)
    assert case.run("killed", devices) == straight
    assert "resuming from step-00000000" in (case.folder / "killed.0.log").read_text()
    facts = noted(case.resume("killed").folder)["sharded"]
    assert (facts["sharding"], facts["processes"]) == (sharding, 2)
    if sharding == "zero3":
        assert facts["deepspeed"]["gradient_clipping"] == recipe.model_dump()["clip_norm"]
    else:
        counts = {"VisionEncoderLayer": 3, "CrossAttentionDecoderLayer": 2, "SelfAttentionDecoderLayer": 2}
        assert facts["layers"] == {f"Mllama{name}": count for name, count in counts.items()}


@pytest.mark.long
@pytest.mark.parametrize("sharding", ["zero2", "zero3", "fsdp"])
@pytest.mark.parametrize("family", ["llava", "mllama"])
def test_sharded_processes_train_what_one_does_twice_alike_and_resume(
    training: Callable[..., Training], family: str, sharding: Literal["zero2", "zero3", "fsdp"]
) -> None:
    case = training(family, FULL)
    one, devices = case.run("one", ONE), Devices(**TWO, sharding=sharding)
    two = case.run("two", devices)
    expect_close(two, one)
    first, second = (load_file(case.folder / name / "model.safetensors") for name in ("two", "one"))
    assert_close(first, second, CLOSE)
    assert case.run("again", devices) == two
    case.killed("killed", devices, step=3)
    assert case.run("killed", devices) == two
    assert load_vlm(case.folder / "two").card == load_vlm(case.folder / "one").card


@pytest.mark.long
@pytest.mark.parametrize("sharding", ["zero2", "zero3", "fsdp"])
def test_an_adapter_from_sharded_processes_is_that_of_one(training: Callable[..., Training], sharding: Any) -> None:
    case = training("llava", LORA.model_copy(update={"dropout": 0.0}))  # which draws by process
    two, one = (case.run(str(devices.processes), devices) for devices in (Devices(**TWO, sharding=sharding), ONE))
    expect_close(two, one)
    first, second = (load_file(case.folder / name / "adapter_model.safetensors") for name in ("2", "1"))
    assert_close(first, second, CLOSE)


@pytest.mark.long
def test_recomputed_activations_change_no_loss_of_a_sharded_training(training: Callable[..., Training]) -> None:
    case, devices = training("mllama", FULL), Devices(**TWO, sharding="fsdp")
    recomputed = case.run("recomputed", replace_devices(devices, recompute_activations=True))
    expect_close(recomputed, case.run("stored", devices))


def replace_devices(devices: Devices, **values: Any) -> Devices:
    return Devices.model_validate({**devices.model_dump(), **values})


def test_fsdp_needs_several_processes() -> None:
    with pytest.raises(ValueError, match="there is one: raise gpus_per_node"):
        Devices(sharding="fsdp")
