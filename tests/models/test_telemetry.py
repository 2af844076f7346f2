"""A training reports every step while it runs, and a killed one continues the reports where it resumes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.job.progress import progress_file, write_to
from pipeline_lib.job.reports import reports
from pipeline_lib.models.base import Base
from pipeline_lib.recipes import lora
from pipeline_lib.training.curve import Step
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import TrainSettings
from pipeline_lib.training.task import TrainingInputs
from pipeline_lib.training.telemetry import UNIT
from tests.models.test_resume import killed_in_step

STEPS = 5
RECIPE = lora.Settings(
    name="lora", rank=2, projector="random", projector_learning_rate=1e-3, learning_rate=1e-2, **{"steps": STEPS},
    batch_size=4, clip_norm=1.0,
)  # fmt: skip


@pytest.fixture()
def progress(tmp_path: Path) -> Iterator[Path]:
    write_to(tmp_path / "lora.log")
    yield progress_file(tmp_path / "lora.log")
    write_to(None)


def trained(
    language: Path, tower: Path, rows: list[Conversation], images: ImageReader, folder: Path, seconds: float
) -> list[Step]:
    material = TrainingInputs(Base(language, tower), rows, images, seed=0)
    return train_recipe(
        material, TrainSettings(recipe=RECIPE, seed=0, threads=1), folder, Resume(folder.with_suffix(".state"), seconds)
    )


def test_every_step_of_a_killed_training_is_reported_once(
    language: Path, tower: Path, rows: list[Conversation], images: ImageReader, tmp_path: Path, progress: Path
) -> None:
    for _ in range(2):
        with killed_in_step(3):
            trained(language, tower, rows, images, tmp_path / "model", seconds=0)
    steps = trained(language, tower, rows, images, tmp_path / "model", seconds=0)
    lines = reports(progress, UNIT)
    assert [line["done"] for line in lines] == list(range(1, STEPS + 1))
    assert [line["loss"] for line in lines] == [step.loss for step in steps]
    assert [line["gradient_norm"] for line in lines] == [step.gradient_norm for step in steps]
    assert [line["learning_rates"][0] for line in lines] == [step.learning_rate for step in steps]


def test_a_step_has_its_speed_its_memory_and_the_rates_of_all_parts(
    language: Path, tower: Path, rows: list[Conversation], images: ImageReader, tmp_path: Path, progress: Path
) -> None:
    trained(language, tower, rows, images, tmp_path / "model", seconds=600)
    lines = reports(progress, UNIT)
    assert len(lines) == STEPS
    for line in lines:
        assert line["total"] == STEPS and 0 < line["epoch"] <= 2
        assert line["samples_per_second"] == pytest.approx(4 / line["seconds"], rel=0.05)
        assert line["tokens_per_second"] > 10 * line["samples_per_second"]
        assert line["memory"] > 100_000_000
        assert (line["gpu_memory"], line["gpu_use"]) == (None, None)
    rate, projector_rate = lines[2]["learning_rates"]  # the scheduler multiplies both alike
    assert projector_rate == pytest.approx(rate / 10)
