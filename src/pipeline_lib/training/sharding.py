"""What processes of a training share: the one that writes, barriers, whole weights, DeepSpeed's settings."""

from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from typing import Any, TypeVar

import torch
import torch.distributed

from pipeline_lib.core.errors import PipelineError

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
    """Return a context in which parameters that DeepSpeed has sharded over processes are whole."""
    sharded = [parameter for parameter in model.parameters() if hasattr(parameter, "ds_id")]
    if not sharded:
        return nullcontext()
    import deepspeed

    gathered: AbstractContextManager[Any] = deepspeed.zero.GatheredParameters(sharded)
    return gathered


def deepspeed_settings(sharding: str, clip_norm: float) -> dict[str, Any] | None:
    """Return DeepSpeed's settings, None without sharding; raise PipelineError where DeepSpeed is not installed.

    They are those of haotian-liu/LLaVA c121f04, `scripts/zero2.json` and `scripts/zero3.json`, and `gradient_clipping`,
    which these leave to the version of DeepSpeed.
    """
    if sharding == "none":
        return None
    if find_spec("deepspeed") is None:
        raise PipelineError(
            "DeepSpeed is not installed, and this training is sharded by it",
            value=sharding,
            cure="make setup TORCH=cuda, or set `sharding: none`",
        )
    stage: dict[str, Any] = {
        "stage": int(sharding.removeprefix("zero")),
        "overlap_comm": True,
        "contiguous_gradients": True,
        "sub_group_size": int(1e9),
        "reduce_bucket_size": "auto",
    }
    if sharding == "zero3":
        stage |= {
            "stage3_prefetch_bucket_size": "auto",
            "stage3_param_persistence_threshold": "auto",
            "stage3_max_live_parameters": int(1e9),
            "stage3_max_reuse_distance": int(1e9),
            "stage3_gather_16bit_weights_on_model_save": True,
        }
    return {
        "bf16": {"enabled": "auto"},
        "train_micro_batch_size_per_gpu": "auto",
        "train_batch_size": "auto",
        "gradient_accumulation_steps": "auto",
        "gradient_clipping": clip_norm,
        "zero_optimization": stage,
    }
