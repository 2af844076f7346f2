"""What processes of a training share: the one that writes, barriers, whole weights, the note on what is sharded."""

import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed

from pipeline_lib.core.text import read_object
from pipeline_lib.training.fully_sharded import is_fully_sharded, make_whole

FACTS = "sharding.json"  # a file in the folder of the training's states

T = TypeVar("T")


def is_first() -> bool:
    """Return whether this process is the one that writes."""
    return not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0


def broadcast_first(value: T) -> T:
    """Return the first process's value in all processes."""
    if not torch.distributed.is_initialized():
        return value
    values = [value]
    torch.distributed.broadcast_object_list(values, src=0)
    return values[0]


def wait_for_all() -> None:
    """Wait until every process has reached this call."""
    if torch.distributed.is_initialized():
        torch.distributed.barrier()


def whole_weights(model: torch.nn.Module) -> AbstractContextManager[Any]:
    """Return a context in which the sharded parameters are whole.

    Those of DeepSpeed are whole in every process, those of FSDP in the first one, which can train them no more.
    """
    if is_fully_sharded(model):
        make_whole(model)
        return nullcontext()
    sharded = [parameter for parameter in model.parameters() if hasattr(parameter, "ds_id")]
    if not sharded:
        return nullcontext()
    import deepspeed

    gathered: AbstractContextManager[Any] = deepspeed.zero.GatheredParameters(sharded)
    return gathered


def note_sharding(folder: Path, facts: dict[str, Any]) -> None:
    """Write what is sharded, and how, into the folder of a training's states; the first process does."""
    if is_first():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FACTS).write_text(json.dumps(facts), encoding="utf-8")


def noted_sharding(folder: Path) -> dict[str, Any]:
    """Return the facts that the processes of a training noted, none without sharding."""
    return read_object(folder / FACTS) if (folder / FACTS).is_file() else {}
