"""An interrupted training or prediction goes on and ends with the same bytes."""

import json
import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from transformers import Trainer

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.engines.base import Reply
from pipeline_lib.inference.saved import SavedReplies
from pipeline_lib.models.base import Base
from pipeline_lib.recipes import assemble, contrastive, full, lora, projector, text
from pipeline_lib.training.curve import Step
from pipeline_lib.training.resume import SIZES, Resume, Saving
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import RecipeSettings, TrainSettings
from pipeline_lib.training.stop_signal import StopSignal
from pipeline_lib.training.task import TrainingInputs
from pipeline_lib.training.trainer import VlmTrainer

STEPS = {"steps": 7, "batch_size": 4, "learning_rate": 1e-2, "clip_norm": 1.0}  # twelve rows: three steps an epoch


class Killed(BaseException):
    """The end of a process, for tests."""


def die() -> None:
    raise Killed


def tell_to_end() -> None:
    """Do what Slurm does before a job's limit."""
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def ended_in_step(number: int, how: Callable[[], None], by: type[BaseException]) -> Iterator[None]:
    """Let something happen to a training while it is in a step, by which it ends."""
    original = VlmTrainer.training_step
    seen = 0

    def training_step(self: VlmTrainer, *arguments: object, **keywords: object) -> object:
        nonlocal seen
        seen += 1
        if seen == number:
            how()
        return original(self, *arguments, **keywords)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(by):
        patch.setattr(VlmTrainer, "training_step", training_step)
        yield


def killed_in_step(number: int) -> AbstractContextManager[None]:
    """Let a training die while it is in a step."""
    return ended_in_step(number, die, Killed)


@pytest.fixture(scope="module")
def cases(
    language: Path, tower: Path, rows: list[Conversation], images: object, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[TrainingInputs, RecipeSettings]]:
    folder = tmp_path_factory.mktemp("cases")
    composed = TrainingInputs(Base(language, tower), rows, images, seed=0)  # type: ignore[arg-type]
    how = TrainSettings(recipe=assemble.Settings(name="assemble", projector="random"), seed=0, threads=1)
    train_recipe(composed, how, folder / "assembled", Resume(folder / "none", 600))
    assembled = replace(composed, base=Base(folder / "assembled"))
    without = [
        replace(
            row,
            image=None,
            image_sha256=None,
            conversations=[dict(turn, value="words") for turn in row.conversations],
        )
        for row in rows
    ]
    return {
        "contrastive": (replace(composed, base=Base(tower)), contrastive.Settings(name="contrastive", **STEPS)),
        "projector": (composed, projector.Settings(name="projector", **STEPS)),
        "full": (assembled, full.Settings(name="full", **STEPS)),
        "as_original": (assembled, full.Settings(name="full", as_original=True, **STEPS)),
        "lora": (assembled, lora.Settings(name="lora", rank=4, alpha=8, projector_learning_rate=1e-3, **STEPS)),
        "text": (replace(composed, base=Base(language), rows=without), text.Settings(name="text", **STEPS)),
    }  # fmt: skip


def train(
    case: tuple[TrainingInputs, RecipeSettings], folder: Path, resume: Resume
) -> tuple[list[Step], dict[str, bytes]]:
    material, recipe = case
    steps = train_recipe(material, TrainSettings(recipe=recipe, seed=0, threads=1), folder, resume)
    return steps, {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("recipe", ["contrastive", "projector", "full", "as_original", "lora", "text"])
def test_a_killed_training_ends_with_the_same_bytes(
    cases: dict[str, tuple[TrainingInputs, RecipeSettings]], recipe: str, tmp_path: Path
) -> None:
    straight = train(cases[recipe], tmp_path / "straight", Resume(tmp_path / "a", 600))
    resume = Resume(tmp_path / "b", 0)
    for number in (3, 2, 3):  # in the first epoch, at its boundary, in the second
        with killed_in_step(number):
            train(cases[recipe], tmp_path / "never", resume)
    assert resume.latest() == tmp_path / "b" / "step-000000005"
    assert train(cases[recipe], tmp_path / "resumed", resume) == straight
    assert [step.step for step in straight[0]] == list(range(1, 8))


def test_a_training_that_is_told_to_end_keeps_the_step_it_is_in(
    cases: dict[str, tuple[TrainingInputs, RecipeSettings]], tmp_path: Path
) -> None:
    straight = train(cases["projector"], tmp_path / "straight", Resume(tmp_path / "a", 600))
    resume = Resume(tmp_path / "b", 600)  # no state is due
    with ended_in_step(4, tell_to_end, SystemExit):
        train(cases["projector"], tmp_path / "never", resume)
    assert resume.latest() == tmp_path / "b" / "step-000000004"
    assert train(cases["projector"], tmp_path / "resumed", resume) == straight
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_training_that_is_told_to_end_in_its_last_step_ends_well(
    cases: dict[str, tuple[TrainingInputs, RecipeSettings]], tmp_path: Path
) -> None:
    original = VlmTrainer.training_step

    def training_step(self: VlmTrainer, *arguments: object, **keywords: object) -> object:
        if self.state.global_step == STEPS["steps"] - 1:
            tell_to_end()
        return original(self, *arguments, **keywords)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(VlmTrainer, "training_step", training_step)
        steps, _ = train(cases["projector"], tmp_path / "done", Resume(tmp_path / "a", 600))
    assert len(steps) == STEPS["steps"]


def test_a_state_cut_while_it_was_written_is_not_used(
    cases: dict[str, tuple[TrainingInputs, RecipeSettings]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    resume = Resume(tmp_path / "state", 0)
    with killed_in_step(4):
        train(cases["projector"], tmp_path / "never", resume)
    state = tmp_path / "state" / "step-000000003"
    weights = state / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    (tmp_path / "state" / "writing" / "checkpoint-4").mkdir(parents=True)
    with caplog.at_level(logging.WARNING):
        assert resume.latest() is None
    assert "was not written completely" in caplog.text
    assert not state.exists() and not (tmp_path / "state" / "writing").exists()


def test_a_state_with_files_in_folders_is_complete_or_is_not_used(tmp_path: Path) -> None:
    """As DeepSpeed writes them."""
    resume = Resume(tmp_path / "state", 0)
    inner = resume.writing / "checkpoint-3" / "global_step3" / "part.pt"
    inner.parent.mkdir(parents=True)
    inner.write_bytes(b"tensors")
    Saving(resume, StopSignal())._publish(3)
    state = tmp_path / "state" / "step-000000003"
    assert resume.latest() == state
    (state / "global_step3" / "part.pt").write_bytes(b"tens")
    assert resume.latest() is None


@pytest.mark.parametrize("change", ["another value", "another name", "one more"])
def test_a_resumed_model_is_compared_with_its_state(
    cases: dict[str, tuple[TrainingInputs, RecipeSettings]],
    tmp_path: Path,
    change: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However the weights were loaded: here by nobody, as where a trainer only warns."""
    resume = Resume(tmp_path / "state", 0)
    with killed_in_step(4):
        train(cases["projector"], tmp_path / "never", resume)
    file = tmp_path / "state" / "step-000000003" / "model.safetensors"
    tensors = load_file(file)
    name = min(tensors)
    if change != "another value":
        tensors[f"other.{name}"] = tensors.pop(name) if change == "another name" else tensors[name].clone()
        save_file(tensors, file)
        sizes = json.loads((file.parent / SIZES).read_text())
        (file.parent / SIZES).write_text(json.dumps({**sizes, file.name: file.stat().st_size}))
        monkeypatch.setattr(VlmTrainer, "_load_from_checkpoint", load_what_fits)
    else:
        monkeypatch.setattr(VlmTrainer, "_load_from_checkpoint", lambda *_: None)
    with pytest.raises(PipelineError, match="saved state"):
        train(cases["projector"], tmp_path / "never", resume)


def load_what_fits(trainer: VlmTrainer, folder: str) -> None:
    trainer.model.load_state_dict(load_file(Path(folder) / "model.safetensors"), strict=False)


def test_a_state_in_the_hubs_layout_is_refused(
    cases: dict[str, tuple[TrainingInputs, RecipeSettings]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VlmTrainer, "_save", Trainer._save)  # resuming from it keeps the old weights and only warns
    resume = Resume(tmp_path / "state", 0)
    with killed_in_step(4):
        train(cases["full"], tmp_path / "never", resume)
    with pytest.raises(PipelineError, match="saved state"):
        train(cases["full"], tmp_path / "never", resume)


def test_saved_replies_end_with_the_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    saved, first, second = SavedReplies(path), Reply("1", "n\u00e9\n", 3), Reply("2", "no", 1)
    saved.add(first)
    saved.add(second)
    del saved  # its process ends
    path.write_bytes(path.read_bytes()[:-3])
    again = SavedReplies(path)
    assert again["1"] == first and "2" not in again
    again.add(second)
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == ["1", "2"]
