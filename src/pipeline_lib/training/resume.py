"""Save and resume training states: complete states get final names, and loaded tensors are compared with the state."""

import json
import logging
import os
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping

import torch
from safetensors import safe_open
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import files_below, remove
from pipeline_lib.training.fully_sharded import is_fully_sharded, whole_tensors
from pipeline_lib.training.sharding import broadcast_first, is_first, wait_for_all, whole_weights
from pipeline_lib.training.stop_signal import StopSignal
from pipeline_lib.training.task import trained_parameters

SIZES = "sizes.json"  # the files of a complete state and their sizes; written last
WRITING = "writing"  # where the trainer writes a state before it gets its final name

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Resume:
    """The folder of a training's states, and the seconds between two of them."""

    folder: Path
    seconds: float

    @property
    def writing(self) -> Path:
        """Return the folder that the trainer writes to."""
        return self.folder / WRITING

    def newest(self) -> Path | None:
        """Return the newest complete state, or None."""
        return max(filter(_is_complete, self.folder.glob("step-*")), default=None)

    def latest(self) -> Path | None:
        """Remove incomplete states; return the newest complete one, or None."""
        remove(self.writing)
        for state in self.folder.glob("step-*"):
            if not _is_complete(state):
                logger.warning("%s was not written completely; it is not used", state)
                remove(state)
        return self.newest()


class Saving(TrainerCallback):
    """Requests a state at intervals, and gives it its final name when it is complete.

    After TERM it requests a state too, and ends the training with SystemExit when that is complete.
    """

    def __init__(self, resume: Resume, stop_signal: StopSignal) -> None:
        self._resume = resume
        self._stop_signal = stop_signal
        self._stopping = False
        self._last = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **keywords: Any
    ) -> None:
        """Request a state; the last step needs none."""
        due = time.monotonic() - self._last >= self._resume.seconds
        due, self._stopping = broadcast_first((due, self._stop_signal.received))
        control.should_save = (due or self._stopping) and state.global_step < state.max_steps

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **keywords: Any) -> None:
        """Give the written state its final name and remove older states."""
        wait_for_all()
        if is_first():
            self._publish(state.global_step)
        wait_for_all()
        self._last = time.monotonic()
        if self._stopping:
            logger.warning("stopped by TERM: the state of step %d is saved", state.global_step)
            raise SystemExit

    def _publish(self, step: int) -> None:
        written = self._resume.writing / f"checkpoint-{step}"
        files = files_below(written)  # DeepSpeed writes into subfolders
        sizes = {path.relative_to(written).as_posix(): path.stat().st_size for path in files}
        (written / SIZES).write_text(json.dumps(sizes))
        for path in (*files, written / SIZES):
            _flush(path)
        older = list(self._resume.folder.glob("step-*"))
        written.rename(self._resume.folder / f"step-{step:09d}")
        for folder in older:
            remove(folder)


class Guard(TrainerCallback):
    """Checks that a resumed model holds the state's tensors; Trainer itself only warns where names do not match."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **keywords: Any
    ) -> None:
        """Raise PipelineError where names or values of the state's tensors differ from the trained ones."""
        model = keywords["model"]
        sharded = is_fully_sharded(model)
        trained = whole_tensors(model, trained_only=True) if sharded else trained_parameters(model)
        if sharded and not is_first():
            return  # the first process has the whole tensors
        with nullcontext() if sharded else whole_weights(model):
            held = {name for file in sorted(self._state.glob("*.safetensors")) for name in _check(file, trained)}
        strange = sorted(held ^ trained.keys())
        if strange:
            raise PipelineError(
                "the tensors of a saved state are not the trained ones",
                where=self._state,
                value=strange[:3],
                cure="remove it: the training then starts from the beginning",
            )


def _check(file: Path, trained: Mapping[str, torch.Tensor]) -> list[str]:
    """Return the names of a file's tensors; raise PipelineError where a trained one differs from the model's."""
    with safe_open(file, framework="pt") as tensors:
        names = list(tensors.keys())
        for name in (name for name in names if name in trained):
            if not torch.equal(tensors.get_tensor(name), trained[name].detach().cpu()):
                raise PipelineError("a tensor of the model differs from the saved state", where=file, value=name)
    return names


def _is_complete(state: Path) -> bool:
    try:
        sizes: dict[str, int] = json.loads((state / SIZES).read_text())
    except (OSError, ValueError):
        return False
    return all((state / name).is_file() and (state / name).stat().st_size == size for name, size in sizes.items())


def _flush(path: Path) -> None:
    """Wait until a file is on disk, so that no power failure leaves a final name with incomplete bytes."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
