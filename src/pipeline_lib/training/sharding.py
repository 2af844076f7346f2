"""What processes of a training share: the one that writes, barriers, whole weights."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import torch
import torch.distributed

from pipeline_lib.training.fully_sharded import is_fully_sharded, make_whole

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
