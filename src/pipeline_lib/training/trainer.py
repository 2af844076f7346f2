"""Hugging Face's Trainer with known faults corrected: row order, loss average, frozen modules, states."""

import math
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Callable, cast

import torch
from safetensors.torch import load_file, save_file
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import Sampler
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer import SCHEDULER_NAME
from transformers.utils import SAFE_WEIGHTS_NAME

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.adapter import PREFIX
from pipeline_lib.training.fully_sharded import is_fully_sharded, load_optimizer, put, save_optimizer, whole_tensors
from pipeline_lib.training.original_order import OriginalSampler
from pipeline_lib.training.positions import TrainedPositions
from pipeline_lib.training.sampler import SeededSampler
from pipeline_lib.training.task import trained_parameters


class VlmTrainer(Trainer):
    """Trainer with a seeded row order, a loss that is the plain mean of each pass, and frozen parts in eval mode.

    Its states hold the trained tensors alone. `own_rates` are learning rates by a prefix of the parameters' names,
    `lengths` the rows' lengths for an order by modality, `blank_features` gives those of a blank image for a pass
    without an image; `as_original` takes rows in the order that the original draws from `row_seed`. `loss` is that of
    a pass, if it is not the model's own; `rates` is the share of the learning rate by step; `see` gets every pass.
    """

    def __init__(
        self,
        *args: Any,
        row_seed: int,
        own_rates: dict[str, float],
        as_original: bool = False,
        lengths: list[int] | None = None,
        blank_features: Callable[[Any, Any], torch.Tensor | None] | None = None,
        loss: Callable[[Any, Any], torch.Tensor] | None = None,
        rates: Callable[[int], float] | None = None,
        see: Callable[[Any], None] | None = None,
        **keywords: Any,
    ) -> None:
        super().__init__(*args, **keywords)
        self.row_seed = row_seed
        self.as_original = as_original
        self.own_rates = own_rates
        self.lengths = lengths
        self.blank_features = blank_features
        self.loss = loss
        self.rates = rates
        self.see = see
        self.model_accepts_loss_kwargs = False  # else batches are weighted by their label tokens, unlike the original
        head = self.model.get_output_embeddings()
        self.positions = None if head is None else TrainedPositions(head)
        self.frozen = [module for module in self.model.modules() if _is_frozen(module)]

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        processes, rows = self.args.world_size, self.args.per_device_train_batch_size
        shares = processes * self.args.gradient_accumulation_steps
        count = len(self.train_dataset)
        if self.as_original:
            return OriginalSampler(count, self.row_seed, self.lengths, rows, shares, processes)
        return SeededSampler(count, self.row_seed, self.lengths, rows, shares)

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the pass's mean loss, frozen modules in eval mode; Trainer puts all into training mode before."""
        if return_outputs:
            raise NotImplementedError("no recipe evaluates while it trains")
        for module in self.frozen:
            module.eval()
        if self.see is not None:
            self.see(inputs)
        loss = self._loss(model, inputs)
        features = self.blank_features and self.blank_features(self.accelerator.unwrap_model(self.model), inputs)
        return loss if features is None else loss + 0.0 * features

    def _loss(self, model: Any, inputs: Any) -> Any:
        if self.loss is not None:
            return self.loss(model, inputs)
        return model(**inputs).loss if self.positions is None else self._loss_at(self.positions, model, inputs)

    def _loss_at(self, positions: TrainedPositions, model: Any, inputs: Any) -> torch.Tensor:
        logits, targets = positions.logits(model, inputs)
        function = self.accelerator.unwrap_model(self.model).loss_function
        loss: torch.Tensor = function(logits, None, vocab_size=logits.shape[-1], shift_labels=targets)
        return loss

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """Return AdamW with a group for every learning rate, with and without weight decay."""
        kind, keywords = self.get_optimizer_cls_and_kwargs(self.args, self.model)
        optimizer: torch.optim.Optimizer = kind(self._groups(), **keywords)
        self.optimizer = optimizer
        return optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Return the schedule of the recipe's `rates` if it has some, else that of the arguments."""
        if self.rates is None:
            return super().create_scheduler(num_training_steps, optimizer)
        self.lr_scheduler = LambdaLR(optimizer or self.optimizer, self.rates)
        return self.lr_scheduler

    def _groups(self) -> list[dict[str, Any]]:
        decayed = set(self.get_decay_parameter_names(self.model))
        groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
        for name, parameter in trained_parameters(self.model).items():
            special = (rate for prefix, rate in self.own_rates.items() if name.removeprefix(PREFIX).startswith(prefix))
            rate = next(special, self.args.learning_rate)
            decay = self.args.weight_decay if name in decayed else 0.0
            groups.setdefault((rate, decay), []).append(parameter)
        main_first = sorted(groups.items(), key=lambda group: group[0][0] != self.args.learning_rate)  # it is logged
        return [{"params": members, "lr": rate, "weight_decay": decay} for (rate, decay), members in main_first]

    def _defer_fsdp_gradient_reduction(self) -> AbstractContextManager[None]:
        """Return an empty context: sharded gradients are reduced in every pass, since whole ones need more memory."""
        return nullcontext()

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write the trained tensors of a state, whole; all processes take part where they share the parameters."""
        if not is_fully_sharded(self.model):
            super().save_model(output_dir, _internal_call)
            return
        self._save(output_dir, whole_tensors(self.model, trained_only=True))

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        if not is_fully_sharded(self.model):
            super()._save_optimizer_and_scheduler(output_dir)
            return
        Path(output_dir).mkdir(parents=True, exist_ok=True)
        save_optimizer(self._sharded_optimizer(), Path(output_dir))
        if self.args.should_save:
            torch.save(self.lr_scheduler.state_dict(), Path(output_dir) / SCHEDULER_NAME)

    def _sharded_optimizer(self) -> torch.optim.Optimizer:
        wrapped: Any = self.optimizer  # by accelerate
        return cast(torch.optim.Optimizer, wrapped.optimizer)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is None or not is_fully_sharded(self.model):
            super()._load_optimizer_and_scheduler(checkpoint)
            return
        load_optimizer(self._sharded_optimizer(), Path(checkpoint))
        self.lr_scheduler.load_state_dict(torch.load(Path(checkpoint) / SCHEDULER_NAME, weights_only=True))

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Write the trained tensors of a state; the frozen ones are in the checkpoint that the training started from.

        `state_dict` holds them where the parameters are sharded over processes.
        """
        if not self.args.should_save:
            return
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        trained = trained_parameters(self.model)
        whole = state_dict or trained
        tensors = {name: whole[name].detach().cpu().contiguous() for name in trained}
        save_file(tensors, folder / SAFE_WEIGHTS_NAME, metadata={"format": "pt"})

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Load a state's tensors; Trainer itself only warns where their names differ from the model's."""
        file = Path(resume_from_checkpoint) / SAFE_WEIGHTS_NAME
        tensors, trained = load_file(file), trained_parameters(self.model)
        if tensors.keys() != trained.keys():
            strange = sorted(tensors.keys() ^ trained.keys())[:3]
            raise PipelineError("the tensors of a saved state are not the trained ones", where=file, value=strange)
        for name, parameter in trained.items():
            put(parameter, tensors[name])


def _is_frozen(module: torch.nn.Module) -> bool:
    parameters = list(module.parameters())
    return bool(parameters) and not any(parameter.requires_grad for parameter in parameters)


class FiniteLoss(TrainerCallback):
    """Stops a training whose loss or gradient is not finite."""

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **keywords: Any) -> None:
        """Raise PipelineError, before any state is saved, if the loss of a step is not finite."""
        logs = keywords.get("logs") or {}
        loss = logs.get("loss")
        if loss is None:
            return
        if not math.isfinite(loss) or not math.isfinite(logs.get("grad_norm", 0.0)):
            raise PipelineError(
                "the loss or its gradient is not finite",
                value=f"step {state.global_step}",
                cure="lower the learning rate, or check the rows",
            )
