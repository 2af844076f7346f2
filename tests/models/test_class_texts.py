"""CLIP trained against the texts of classes: its loss, its learning rates, the best epoch, and SigLIP's loss."""

import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.models.clip import open_clip, text_logits
from pipeline_lib.recipes import clip_oa, contrastive, prototypes
from pipeline_lib.training import class_texts
from pipeline_lib.training.class_texts import validated
from pipeline_lib.training.contrast import siglip_loss
from pipeline_lib.training.curve import Step, Validated, best_step, read_curve, write_curve
from pipeline_lib.training.launch import Work
from pipeline_lib.training.processes import train_in_processes
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import Devices, RecipeSettings, TrainSettings
from pipeline_lib.training.task import TrainingInputs
from tests.models.making import CLASSES, WORDS
from tests.models.test_resume import killed_in_step
from tests.numbers import assert_close

HOW: dict[str, Any] = {"name": "prototypes", "label": "answer", "classes": CLASSES, "batch_size": 4, "clip_norm": 1.0}


def recipe(**more: Any) -> prototypes.Settings:
    return prototypes.Settings.model_validate({**HOW, "learning_rate": 1e-3, "epochs": 3.0, **more})


@pytest.fixture()
def material(tower: Path, rows: list[Conversation], images: ImageReader) -> TrainingInputs:
    return TrainingInputs(Base(tower), rows, images, seed=0, validation=rows[:6])


def train(material: TrainingInputs, settings: RecipeSettings, folder: Path, seconds: float = 600) -> list[Step]:
    how = TrainSettings(recipe=settings, seed=0, threads=1)
    return train_recipe(material, how, folder, Resume(folder.parent / "state", seconds))


def test_the_loss_is_the_cross_entropy_against_features_that_were_encoded_once(material: TrainingInputs) -> None:
    task = prototypes.prepare(recipe(), material)
    task.model.eval()
    batch = task.collate([task.examples[number] for number in range(3)])
    clip = open_clip(material.base.start)
    clip.model.eval()
    with torch.no_grad():
        texts = clip.model.get_text_features(**clip.encode([each["text"] for each in CLASSES])).pooler_output
        seen = clip.model.get_image_features(pixel_values=batch["pixel_values"]).pooler_output
        texts, seen = (each / each.norm(dim=-1, keepdim=True) for each in (texts, seen))
        logits = clip.model.logit_scale.exp() * seen @ texts.T
        by_hand = -torch.log_softmax(logits, dim=1)[range(3), [1, 2, 3]].mean()  # row n answers with word n + 1
        assert task.loss is not None
        torch.testing.assert_close(task.loss(task.model, batch), by_hand)


def test_the_texts_stay_and_the_images_learn_their_classes(material: TrainingInputs, tmp_path: Path) -> None:
    steps = train(material, recipe(epochs=12.0, learning_rate=3e-3), tmp_path / "trained")
    before, after = (load_file(folder / "model.safetensors") for folder in (material.base.start, tmp_path / "trained"))
    frozen = {name for name in before if torch.equal(before[name], after[name])}
    assert {name for name in before if name.startswith(("text_model", "text_projection"))} <= frozen
    assert {"logit_scale", "visual_projection.weight"}.isdisjoint(frozen)
    assert steps[-1].loss < steps[0].loss


def test_the_result_is_the_best_epoch_and_the_curve_says_which(material: TrainingInputs, tmp_path: Path) -> None:
    for by in ("mae", "loss", "accuracy"):
        folder = tmp_path / by / "trained"
        steps = train(material, recipe(best=by, learning_rate=3e-2, epochs=4.0), folder)
        measured = {step.step: step.validated for step in steps if step.validated}
        assert list(measured) == [3, 6, 9, 12]  # twelve rows: three steps an epoch
        values = [getattr(each, by) for each in measured.values()]
        best = max(values) if by == "accuracy" else min(values)
        task = prototypes.prepare(recipe(), replace(material, base=Base(folder)))
        task.model.eval()
        assert task.validation is not None
        with torch.no_grad():
            assert getattr(task.validation.measure(), by) == pytest.approx(best, rel=1e-5)


@pytest.mark.parametrize("kills", [(3, 2, 3), (4, 4, 4)])
def test_a_killed_training_ends_with_the_same_bytes(
    material: TrainingInputs, tmp_path: Path, kills: tuple[int, ...]
) -> None:
    settings = recipe(epochs=5.0, epoch_rates={"warmup": 2, "every": 1, "factor": 0.5})
    straight = train(material, settings, tmp_path / "a" / "trained")
    for number in kills:
        with killed_in_step(number):
            train(material, settings, tmp_path / "b" / "trained", 0)
    assert train(material, settings, tmp_path / "b" / "trained", 0) == straight
    for path in (tmp_path / "a" / "trained").iterdir():
        assert (tmp_path / "b" / "trained" / path.name).read_bytes() == path.read_bytes()
    rates = [step.learning_rate / settings.learning_rate for step in straight]
    assert rates[::3] == pytest.approx([0.5, 1, 1, 0.5, 0.25])


@pytest.mark.long
def test_two_processes_find_the_epoch_and_the_weights_that_one_finds(material: TrainingInputs, tmp_path: Path) -> None:
    shutil.copytree(material.base.start, tmp_path / "start")
    config = tmp_path / "start" / "config.json"
    config.write_text(config.read_text().replace('"attention_dropout": 0.5', '"attention_dropout": 0.0'))
    material = replace(material, base=Base(tmp_path / "start"))  # processes draw dropout each for itself
    made = {}
    for name, devices in {"one": Devices(micro_batch=2), "two": Devices(gpus_per_node=2)}.items():
        how = TrainSettings(recipe=recipe(best="loss"), seed=0, threads=1, devices=devices)
        resume = Resume(tmp_path / f"{name}.state", 0)
        work = Work(material, how, tmp_path / name, resume, tmp_path / f"{name}.log")
        made[name] = train_in_processes(work).steps, load_file(tmp_path / name / "model.safetensors")
    (one, first), (two, second) = made.values()
    assert [step.loss for step in two] == pytest.approx([step.loss for step in one], rel=1e-5)
    measured = [{step.step: step.validated for step in steps if step.validated} for steps in (one, two)]
    assert best_step(measured[0], "loss") == best_step(measured[1], "loss")
    assert_close(second, first, 1e-5)


def test_a_missing_file_of_the_best_epoch_is_named(material: TrainingInputs, tmp_path: Path) -> None:
    settings = recipe(learning_rate=1e-9)  # no epoch is better than the first
    with killed_in_step(8):
        train(material, settings, tmp_path / "trained", 0)
    (best,) = (tmp_path / "state").glob("best-*")
    best.unlink()
    with pytest.raises(PipelineError, match=r"(?s)best epoch are missing.*best-000000003"):
        train(material, settings, tmp_path / "trained")


def test_the_schedule_by_steps_holds_here_too_and_excludes_rates_by_epoch(
    material: TrainingInputs, tmp_path: Path
) -> None:
    by_steps: dict[str, Any] = {"schedule": "step", "rate_factor": 0.5, "warmup": 0.0}
    steps = train(replace(material, validation=[]), recipe(**by_steps), tmp_path / "trained")
    assert [step.learning_rate for step in steps[::3]] == pytest.approx([1e-3, 5e-4, 2.5e-4])
    with pytest.raises(ValueError, match="either epoch_rates or schedule: step"):
        recipe(**by_steps, epoch_rates={"every": 1, "factor": 0.5})


def test_a_measurement_that_is_not_finite_ends_the_training(
    material: TrainingInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compared with it no epoch is better, so the first one would be the result."""
    monkeypatch.setattr(class_texts, "validated", lambda logits, classes: Validated(math.nan, 0.5, 0.0))
    with pytest.raises(PipelineError, match=r"(?s)rows for validation is not finite.*step 3"):
        train(material, recipe(best="loss"), tmp_path / "trained")


def test_published_rates_rise_for_five_epochs_and_halve_every_thirty() -> None:
    settings = clip_oa.Settings(name="clip_oa")
    share = settings.rates()
    assert share is not None
    assert [share(epoch) for epoch in (0, 3, 4, 5, 34, 35, 64, 65, 95, 119)] == pytest.approx(
        [0.2, 0.8, 1, 1, 1, 0.5, 0.5, 0.25, 0.125, 0.125]
    )
    stated = settings.model_dump()
    values = {
        "epochs": 120,
        "learning_rate": 1e-5,
        "weight_decay": 1e-5,
        "batch_size": 32,
        "clip_norm": 1,
        "best": "mae",
    }
    assert stated == {**stated, **values, "label": "folder"}
    assert [each.label for each in settings.classes] == ["0", "1", "2", "3", "4"]
    assert settings.steps_over(5778) == 120 * 181


def test_means_over_rows_are_those_by_hand() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 3.0]])
    loss = (math.log(1 + math.exp(-1) + math.exp(-2)) + 3 + math.log(1 + 2 * math.exp(-3))) / 2
    assert validated(logits, torch.tensor([0, 0])) == (pytest.approx(loss), 0.5, 1.0)


def test_a_label_without_a_class_and_rows_without_one_image_are_refused(material: TrainingInputs) -> None:
    others = recipe(classes=[*CLASSES[:1], {"label": "gren", "text": "green"}])
    with pytest.raises(PipelineError, match=r"(?s)row 0.*green.*did you mean 'gren'"):
        prototypes.prepare(others, material)
    turns = [material.rows[0].conversations[0], {"from": "gpt", "value": "Green"}]
    with pytest.raises(PipelineError, match=r"(?s)row 0.*Green.*did you mean 'green'"):
        prototypes.prepare(recipe(), replace(material, validation=[replace(material.rows[0], conversations=turns)]))
    blank = [replace(material.rows[0], image=None, image_sha256=None)]
    with pytest.raises(PipelineError, match="a pair has one image"):
        prototypes.prepare(recipe(), replace(material, validation=blank))


def test_the_curve_has_columns_of_the_validation_only_where_there_is_one(tmp_path: Path) -> None:
    plain = [Step(1, 0.5, 1e-3, 1.0), Step(2, 0.25, 1e-3, 1.0)]
    measured = [plain[0], plain[1]._replace(validated=Validated(0.5, 1.0, 0.0))]
    for steps, columns in ((plain, 4), (measured, 7)):
        write_curve(tmp_path / "curve.csv", steps)
        assert read_curve(tmp_path / "curve.csv") == steps
        assert {len(line.split(",")) for line in (tmp_path / "curve.csv").read_text().splitlines()} == {columns}


def test_siglips_loss_is_that_of_every_pair_alone() -> None:
    logits, bias = torch.tensor([[3.0, -1.0], [0.5, 2.0]]), torch.tensor(-1.0)
    right, wrong = [3.0 - 1, 2.0 - 1], [-1.0 - 1, 0.5 - 1]
    by_hand = (sum(math.log1p(math.exp(-z)) for z in right) + sum(math.log1p(math.exp(z)) for z in wrong)) / 2
    assert siglip_loss(logits, bias).item() == pytest.approx(by_hand)


def test_a_clip_learns_by_siglips_loss_and_its_bias_is_not_saved(material: TrainingInputs, tmp_path: Path) -> None:
    settings = contrastive.Settings(
        name="contrastive", loss="siglip", steps=20, batch_size=6, learning_rate=3e-3, clip_norm=1.0
    )
    steps = train(material, settings, tmp_path / "trained")
    assert steps[-1].loss < steps[0].loss
    clip = open_clip(tmp_path / "trained")
    pixels = clip.show(material.images.open(*material.rows[0].images[0]))[None]
    assert text_logits(clip.model, clip.encode(WORDS), pixels).shape == (1, len(WORDS))


def test_the_default_loss_is_no_part_of_the_settings() -> None:
    """So that the settings of earlier trainings stay as they were."""
    how: dict[str, Any] = {"name": "contrastive", "steps": 1, "batch_size": 1, "learning_rate": 1e-3, "clip_norm": 1.0}
    assert "loss" not in contrastive.Settings.model_validate(how).model_dump()
    assert contrastive.Settings.model_validate({**how, "loss": "siglip"}).model_dump()["loss"] == "siglip"
