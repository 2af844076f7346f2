"""Run a task's optimiser steps; equal settings give equal bytes on one kind of processor, or on all if portable."""

import logging
from math import ceil
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, TrainingArguments

from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.machine.site import reporters
from pipeline_lib.models.portable import operations
from pipeline_lib.training.attention import set_attention
from pipeline_lib.training.best_epoch import BestEpoch
from pipeline_lib.training.blank_first import BlankFirst
from pipeline_lib.training.curve import Step, steps_of
from pipeline_lib.training.fully_sharded import shard
from pipeline_lib.training.kernels import kernel_arguments
from pipeline_lib.training.noted import note
from pipeline_lib.training.resume import Guard, Resume, Saving
from pipeline_lib.training.settings import Optimisation, TrainSettings
from pipeline_lib.training.stop_signal import StopSignal
from pipeline_lib.training.task import Task
from pipeline_lib.training.telemetry import Telemetry
from pipeline_lib.training.trainer import FiniteLoss, VlmTrainer
from pipeline_lib.training.zero import sum_as_torch_does, zero_settings

logger = logging.getLogger(__name__)


def train(task: Task, optimisation: Optimisation, settings: TrainSettings, resume: Resume) -> list[Step]:
    """Train the task's model in place and return its steps; a loss that is not finite raises PipelineError.

    With rows for validation the model ends with the weights of the best epoch.
    An interrupted training resumes from its newest complete state and ends with the same bytes. After TERM, SystemExit
    is raised once a state is saved.
    """
    state, stop_signal = resume.latest(), StopSignal()
    arguments = _arguments(optimisation, settings, resume.writing, len(task.examples))
    note(resume.folder, attention=set_attention(task.model, settings))
    _shard(task, settings, arguments, resume)
    sharded = settings.devices.sharding != "none"
    blanks = [BlankFirst(task.blank_features)] if sharded and task.blank_features else []
    epoch, rates = ceil(len(task.examples) / optimisation.batch_size), optimisation.rates()
    telemetry = Telemetry()
    best = task.validation and BestEpoch(task.model, task.validation, resume.folder, epoch)
    trainer = VlmTrainer(
        model=task.model,
        args=arguments,
        lengths=task.lengths,
        blank_features=None if sharded else task.blank_features,
        loss=task.loss,
        rates=rates and (lambda step: rates(step // epoch)),
        see=telemetry.see,
        train_dataset=task.examples,
        data_collator=task.collate,
        callbacks=[
            FiniteLoss(),
            telemetry,
            Saving(resume, stop_signal),
            *([best] if best else []),
            *([Guard(state)] if state else []),
            *blanks,
        ],
        row_seed=settings.seed if task.as_original else derive_seed(settings.seed, "train", "rows"),
        as_original=task.as_original,
        own_rates={prefix: rate for part, rate in optimisation.own_rates().items() for prefix in task.parts[part]},
    )
    trainer.remove_callback(PrinterCallback)
    counts = [sum(p.numel() for p in task.model.parameters() if p.requires_grad), task.model.num_parameters()]
    logger.info("%d rows; %d of %d parameters are trained", len(task.examples), *counts)
    if state:
        logger.info("resuming from %s", state.name)
    with stop_signal, operations(settings.numerics):
        trainer.train(resume_from_checkpoint=str(state) if state else None)
    if best:
        note(resume.folder, best_step=best.restore(trainer.state))
    return steps_of(trainer.state.log_history)


def _shard(task: Task, settings: TrainSettings, arguments: TrainingArguments, resume: Resume) -> None:
    """Shard the model by FSDP, or prepare DeepSpeed to shard it; note what is sharded."""
    devices, facts = settings.devices, {"sharding": settings.devices.sharding, "processes": arguments.world_size}
    if devices.sharding == "fsdp":
        note(resume.folder, sharded={**facts, "layers": shard(task.model, settings.device)})
    elif devices.by_deepspeed:
        if settings.device == "cpu":
            sum_as_torch_does()
        note(resume.folder, sharded={**facts, "deepspeed": arguments.deepspeed})


def _arguments(optimisation: Optimisation, settings: TrainSettings, folder: Path, rows: int) -> TrainingArguments:
    # A single step would be warm-up alone, at a learning rate of 0, and train nothing.
    warmup = 0.0 if optimisation.steps_over(rows) <= 1 else optimisation.warmup
    devices = settings.devices
    length: dict[str, Any] = (
        {"max_steps": optimisation.steps} if optimisation.steps else {"num_train_epochs": optimisation.epochs}
    )
    return TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=devices.rows(optimisation.batch_size),
        gradient_accumulation_steps=devices.passes(optimisation.batch_size),
        bf16=devices.precision == "bfloat16",
        activation_checkpointing=devices.recompute_activations,
        deepspeed=zero_settings(devices, optimisation.clip_norm),
        ddp_find_unused_parameters=False,
        learning_rate=optimisation.learning_rate,
        lr_scheduler_type=_schedule(optimisation.schedule, warmup),
        warmup_steps=warmup,
        weight_decay=optimisation.weight_decay,
        adam_beta1=optimisation.beta1,
        adam_beta2=optimisation.beta2,
        max_grad_norm=optimisation.clip_norm,
        optim="adamw_torch_fused" if settings.numerics == "portable" else "adamw_torch",
        seed=derive_seed(settings.seed, "trainer") % 2**32,
        use_cpu=settings.device == "cpu",
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        save_strategy="no",
        logging_strategy="steps",
        logging_steps=1,
        logging_nan_inf_filter=False,  # else a loss of NaN is logged as 0
        disable_tqdm=True,
        report_to=reporters(),
        **length,
        **kernel_arguments(settings),
    )


def _schedule(schedule: str, warmup: float) -> str:
    """Return transformers' name of a schedule; `step` is one of `rates`, in place of a constant rate."""
    name = "constant" if schedule == "step" else schedule
    return "constant_with_warmup" if name == "constant" and warmup else name
