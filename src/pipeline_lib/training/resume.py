"""Going on with an interrupted training: complete states under final names, and a guard that they were loaded."""

import json
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import files_below, remove
from pipeline_lib.training.sharding import first_says, is_first, wait_for_all, whole_weights
from pipeline_lib.training.stop_signal import StopSignal
from pipeline_lib.training.task import trained_parameters

SIZES = "sizes.json"  # written last: the files of a complete state and their sizes
WRITING = "writing"  # where the trainer writes a state before it gets its final name

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Resume:
    """Where a training keeps its states, and the seconds between two of them."""

    folder: Path
    seconds: float

    @property
    def writing(self) -> Path:
        """Return the folder that the trainer writes to."""
        return self.folder / WRITING

    def newest(self) -> Path | None:
        """Return the newest complete state, None without one."""
        return max(filter(_is_complete, self.folder.glob("step-*")), default=None)

    def latest(self) -> Path | None:
        """Return the newest complete state, None without one; whatever is incomplete is removed."""
        remove(self.writing)
        for state in self.folder.glob("step-*"):
            if not _is_complete(state):
                logger.warning("%s was cut while it was written; it is not used", state)
                remove(state)
        return self.newest()


class Saving(TrainerCallback):
    """Asks for a state when its time has come, and gives it its final name when it is complete.

    A notice to end asks for one too, and ends the training with SystemExit when it is complete.
    """

    def __init__(self, resume: Resume, notice: StopSignal) -> None:
        self._resume = resume
        self._notice = notice
        self._ending = False
        self._last = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **keywords: Any
    ) -> None:
        """Ask for a state; the last step needs none."""
        due = time.monotonic() - self._last >= self._resume.seconds
        due, self._ending = first_says((due, self._notice.heard))
        control.should_save = (due or self._ending) and state.global_step < state.max_steps

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **keywords: Any) -> None:
        """Publish what the trainer has written and drop older states."""
        wait_for_all()
        if is_first():
            self._publish(state.global_step)
        wait_for_all()
        self._last = time.monotonic()
        if self._ending:
            logger.warning("told to end: the state of step %d is kept", state.global_step)
            raise SystemExit

    def _publish(self, step: int) -> None:
        written = self._resume.writing / f"checkpoint-{step}"
        files = files_below(written)  # DeepSpeed's lie in folders
        sizes = {path.relative_to(written).as_posix(): path.stat().st_size for path in files}
        (written / SIZES).write_text(json.dumps(sizes))
        for path in (*files, written / SIZES):
            _flush(path)
        older = list(self._resume.folder.glob("step-*"))
        written.rename(self._resume.folder / f"step-{step:09d}")
        for folder in older:
            remove(folder)


class Guard(TrainerCallback):
    """Checks that a resumed model holds the state's tensors; the trainer itself only warns where names do not fit."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **keywords: Any
    ) -> None:
        """Raise PipelineError where the state holds other tensors than the trained ones, or one differs."""
        trained = trained_parameters(keywords["model"])
        with whole_weights(keywords["model"]):
            held = {name for file in sorted(self._state.glob("*.safetensors")) for name in _check(file, trained)}
        strange = sorted(held ^ trained.keys())
        if strange:
            raise PipelineError(
                "a saved state does not hold the trained tensors",
                where=self._state,
                value=strange[:3],
                cure="remove it: the training begins anew",
            )


def _check(file: Path, trained: dict[str, torch.nn.Parameter]) -> list[str]:
    """Return the tensors that a file holds; a trained one that the model does not agree with raises PipelineError."""
    with safe_open(file, framework="pt") as tensors:
        names = list(tensors.keys())
        for name in (name for name in names if name in trained):
            if not torch.equal(tensors.get_tensor(name), trained[name].detach().cpu()):
                raise PipelineError("the model does not hold what the saved state holds", where=file, value=name)
    return names


def _is_complete(state: Path) -> bool:
    try:
        sizes: dict[str, int] = json.loads((state / SIZES).read_text())
    except (OSError, ValueError):
        return False
    return all((state / name).is_file() and (state / name).stat().st_size == size for name, size in sizes.items())


def _flush(path: Path) -> None:
    """Wait until a file is on the disk, so that no power failure leaves a complete name with half its bytes."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
