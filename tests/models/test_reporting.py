"""Trainings report to TensorBoard and W&B if site.yaml says so, without a network, and train the same bytes."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.recipes import full
from pipeline_lib.training.launch import Work
from pipeline_lib.training.processes import train_in_processes
from pipeline_lib.training.reporting import report_beside
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.settings import TrainSettings
from pipeline_lib.training.task import TrainingInputs

STEPS = 3
RECIPE = full.Settings(name="full", projector="random", learning_rate=1e-3, steps=STEPS, batch_size=4, clip_norm=1.0)
WANDB = ("WANDB_DIR", "WANDB_MODE", "WANDB_PROJECT", "WANDB_NAME", "WANDB_SILENT", "TENSORBOARD_LOGGING_DIR")


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in WANDB:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def weights(material: TrainingInputs, name: str) -> bytes:
    settings = TrainSettings(recipe=RECIPE, seed=0, threads=1)
    train_in_processes(Work(material, settings, Path(name), Resume(Path(f"{name}.state"), 600), Path(f"{name}.log")))
    return (Path(name) / "model.safetensors").read_bytes()


@pytest.mark.parametrize("program", ["tensorboard", "wandb"])
def test_a_reported_training_has_the_same_bytes_and_its_report_lies_beside_its_log(
    language: Path, tower: Path, rows: list[Conversation], images: ImageReader, program: str
) -> None:
    pytest.importorskip(program)
    material = TrainingInputs(Base(language.resolve(), tower.resolve()), rows, images, seed=0)
    silent = weights(material, "silent")
    Path("site.yaml").write_text(f"report_to: [{program}]\n")
    assert weights(material, "reported") == silent
    if program == "tensorboard":
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        events = EventAccumulator("reported.tensorboard").Reload()
        assert [event.step for event in events.Scalars("train/loss")] == list(range(1, STEPS + 1))
    else:
        assert [file.stat().st_size > 0 for file in Path("reported.wandb").rglob("offline-run-*/*.wandb")] == [True]


@pytest.mark.parametrize("program", ["tensorboard", "wandb", "mlflow"])
def test_a_missing_library_is_named_with_its_cure(program: str) -> None:
    if find_spec(program) is not None:
        pytest.skip(f"{program} is installed")
    Path("site.yaml").write_text(f"report_to: [{program}]\n")
    with pytest.raises(PipelineError, match=f"(?s)not installed.*site.yaml.*pip install .*{program}"):
        report_beside(Path("full.log"))


def test_a_misspelt_program_is_suggested() -> None:
    Path("site.yaml").write_text("report_to: [tensorbord]\n")
    with pytest.raises(PipelineError, match=r"(?s)no such program.*tensorboard"):
        report_beside(Path("full.log"))
