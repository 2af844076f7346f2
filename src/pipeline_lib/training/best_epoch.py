"""The best epoch of a training with validation rows: measured after every epoch, its weights are the result.

An epoch is measured before the state of its last step is saved, so that the state has the measurement, and a resumed
training measures no epoch twice. Weights of a best epoch stay until a state knows a better one.
"""

import logging
import math
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import remove
from pipeline_lib.training.curve import VALIDATED, best_step, validated_of
from pipeline_lib.training.sharding import is_first, wait_for_all
from pipeline_lib.training.task import Validation, trained_parameters

FILES = "best-*.safetensors"

logger = logging.getLogger(__name__)


class BestEpoch(TrainerCallback):
    """Measures the model after every epoch, and after the last step; keeps the weights of the best measurement.

    `folder` is that of the training's states, `steps` the number of an epoch's steps.
    """

    def __init__(self, model: torch.nn.Module, validation: Validation, folder: Path, steps: int) -> None:
        self._model = model
        self._validation = validation
        self._folder = folder
        self._steps = steps

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **keywords: Any
    ) -> None:
        """Measure the model at the end of an epoch; save the weights if no earlier epoch is as good.

        A measurement that is not finite raises PipelineError: compared with it no other is better or worse.
        """
        if state.global_step % self._steps and state.global_step < state.max_steps:
            return
        self._model.eval()
        with torch.no_grad():
            metrics = self._validation.measure()
        if not all(map(math.isfinite, metrics)):
            value = f"step {state.global_step}: {metrics}"
            cure = "lower the learning rate, or check the rows"
            raise PipelineError("what was measured on the rows for validation is not finite", value=value, cure=cure)
        state.log_history.append({"step": state.global_step, **dict(zip(VALIDATED, metrics, strict=True))})
        logger.info("step %d: %s", state.global_step, metrics)
        if self._best(state) == state.global_step and is_first():
            self._save(state.global_step)
        wait_for_all()

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **keywords: Any) -> None:
        """Remove the weights that are no longer the best, now that a state knows the better ones."""
        if is_first():
            for file in self._folder.glob(FILES):
                if file != self._file(self._best(state)):
                    remove(file)

    def restore(self, state: TrainerState) -> int | None:
        """Put the weights of the best epoch into the model of the process that writes it, and return its last step."""
        step = self._best(state)
        file = self._file(step)
        if not is_first() or step is None:
            return step
        if not file.is_file():
            cure = "remove the folder: the training then starts from the beginning"
            raise PipelineError("the weights of the best epoch are missing", where=file, cure=cure)
        tensors = load_file(file)
        with torch.no_grad():
            for name, parameter in trained_parameters(self._model).items():
                parameter.copy_(tensors[name])
        logger.info("the weights are those of step %s, the best by %s", step, self._validation.by)
        return step

    def _best(self, state: TrainerState) -> int | None:
        return best_step(validated_of(state.log_history), self._validation.by)

    def _file(self, step: int | None) -> Path:
        return self._folder / f"best-{step or 0:09d}.safetensors"

    def _save(self, step: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        tensors = {name: value.detach().cpu().contiguous() for name, value in trained_parameters(self._model).items()}
        writing = self._folder / "best.writing"
        save_file(tensors, writing, metadata={"format": "pt"})
        writing.rename(self._file(step))
