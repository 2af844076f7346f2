"""The trainer: Hugging Face's, with its known faults corrected."""

import logging
import math
import time
from typing import Any

import torch
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.training.sampler import SeededSampler

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 5.0


class VlmTrainer(Trainer):
    """Trainer with a seeded row order, a loss that is the plain mean of each batch, and frozen parts in eval mode."""

    def __init__(self, *args: Any, row_seed: int, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.row_seed = row_seed
        self.model_accepts_loss_kwargs = False  # else batches are weighted by their label tokens, unlike the original
        self.frozen = [module for module in self.model.modules() if _is_frozen(module)]

    def _get_train_sampler(self, train_dataset: Any = None) -> SeededSampler:
        return SeededSampler(len(self.train_dataset), self.row_seed)

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the batch's mean loss; the trainer has just put every module into training mode."""
        for module in self.frozen:
            module.eval()
        outputs = model(**inputs)
        return (outputs.loss, outputs) if return_outputs else outputs.loss

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Write a checkpoint in the layout that resuming reads; the hub's layout would be ignored without an error."""
        self.model.save_pretrained(
            output_dir or self.args.output_dir, state_dict=state_dict, save_original_format=False
        )


def _is_frozen(module: torch.nn.Module) -> bool:
    parameters = list(module.parameters())
    return bool(parameters) and not any(parameter.requires_grad for parameter in parameters)


class Progress(TrainerCallback):
    """Logs a line now and then, and stops a training whose loss or gradient is not finite."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **keywords: Any) -> None:
        """Log the loss of a step; one that is not finite raises PipelineError before any state is saved."""
        logs = keywords.get("logs") or {}
        loss = logs.get("loss")
        if loss is None:
            return
        if not math.isfinite(loss) or not math.isfinite(logs.get("grad_norm", 0.0)):
            raise PipelineError(
                "the loss or its gradient is not a number",
                value=f"step {state.global_step}",
                cure="lower the learning rate, or look at the rows",
            )
        now = time.monotonic()
        if now - self._last >= SECONDS_BETWEEN_LINES or state.global_step in (1, state.max_steps):
            self._last = now
            logger.info("step %d of %d, loss %.4f", state.global_step, state.max_steps, loss)
