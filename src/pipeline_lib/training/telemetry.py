"""Reports every step of a training while it runs: loss, rates, speed, memory; it changes nothing of the training."""

import os
import time
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pipeline_lib.job.progress import Progress
from pipeline_lib.machine.gpu_use import GpuUse
from pipeline_lib.training.sharding import is_first

UNIT = "steps"
PAGES = Path("/proc/self/statm")


class Telemetry(TrainerCallback):
    """Reports a step from the trainer's log: the first process does, for all of them.

    Speeds are those of the first process times the number of processes, whose passes are alike. Tokens are those of
    `attention_mask`, without padding; images count as their places in the text.
    """

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._rows = 0
        self._tokens: torch.Tensor | None = None
        self._last = time.monotonic()
        self._use = GpuUse()

    def see(self, batch: Any) -> None:
        """Count the rows and tokens of a pass; a sum stays on its device until the step is logged."""
        mask = batch.get("attention_mask")
        self._rows += next((len(value) for value in batch.values() if isinstance(value, torch.Tensor)), 0)
        if mask is not None:
            self._tokens = mask.sum() if self._tokens is None else self._tokens + mask.sum()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **keywords: Any
    ) -> None:
        """Start the clock, at the step of the state that the training resumes from."""
        self._last = time.monotonic()
        if is_first():
            self._progress = Progress(UNIT, state.max_steps, state.global_step, every=True)

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **keywords: Any) -> None:
        """Report a step."""
        logs = keywords.get("logs") or {}
        if "loss" not in logs:
            return
        now = time.monotonic()
        seconds, self._last = max(now - self._last, 1e-9), now
        rows, self._rows = self._rows, 0
        tokens, self._tokens = None if self._tokens is None else int(self._tokens), None
        if self._progress is None:
            return
        facts = {"epoch": state.epoch, "loss": logs["loss"], "learning_rates": _rates(logs, keywords)}
        facts |= {"gradient_norm": logs.get("grad_norm"), "seconds": round(seconds, 4)}
        for name, count in (("samples_per_second", rows), ("tokens_per_second", tokens)):
            facts[name] = None if count is None else round(count * args.world_size / seconds, 2)
        facts |= _memory()
        facts["gpu_use"] = None if facts["gpu_memory"] is None else self._use.latest()
        self._progress.at(state.global_step, f", loss {logs['loss']:.4f}", **facts)


def _rates(logs: dict[str, Any], keywords: dict[str, Any]) -> list[float]:
    """Return the learning rate of the log, then those of groups of parameters with another peak, in proportion.

    The scheduler itself is at the next step already.
    """
    main = float(logs["learning_rate"])
    first, *others = dict.fromkeys(getattr(keywords.get("lr_scheduler"), "base_lrs", None) or [1.0])
    return [main, *(main * peak / first for peak in others)]


def _memory() -> dict[str, int | None]:
    """Return the bytes that this process has in memory, and now and at most on its GPU, None without one."""
    pages = PAGES.read_text(encoding="ascii").split() if PAGES.is_file() else []
    memory: dict[str, int | None] = {"memory": int(pages[1]) * os.sysconf("SC_PAGE_SIZE") if pages else None}
    on_gpu = torch.cuda.is_available() and torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    memory["gpu_memory"] = torch.cuda.memory_allocated() if on_gpu else None
    memory["gpu_memory_peak"] = torch.cuda.max_memory_allocated() if on_gpu else None
    return memory
