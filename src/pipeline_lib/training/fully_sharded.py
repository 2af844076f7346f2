"""Shard a model over processes by torch's FSDP2: layer by layer, on GPUs and on the processor; make it whole again."""

from collections import Counter
from pathlib import Path
from typing import Any, Literal, cast

import torch
import torch.distributed
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from pipeline_lib.core.errors import PipelineError

MANAGED = "_is_distributed_loading_by_transformers"  # by which Trainer leaves gradients and placement to a model


def shard(model: Any, device: Literal["cpu", "cuda"]) -> dict[str, int]:
    """Shard a model in place over all processes, and return how many layers of each class are gathered alone.

    Layers are the modules that transformers never splits (`_no_split_modules`); all else is gathered for a whole pass.
    Raises PipelineError for a model without such layers.
    """
    mesh = init_device_mesh(device, (torch.distributed.get_world_size(),))
    names = model._no_split_modules or ()
    layers = [module for module in model.modules() if type(module).__name__ in names]
    if not layers:
        value = type(model).__name__
        raise PipelineError("this model names no layers to shard", value=value, cure="choose another `sharding`")
    counts = Counter(type(layer).__name__ for layer in layers)  # before sharding, which changes their classes
    for module in (*layers, model):
        fully_shard(module, mesh=mesh)
    setattr(_inner(model), MANAGED, True)
    return dict(counts)


def is_fully_sharded(model: Any) -> bool:
    """Return whether `shard` has sharded a model."""
    return isinstance(model, FSDPModule)


def whole_tensors(model: Any, trained_only: bool) -> dict[str, torch.Tensor]:
    """Return the parameters by name, whole and in main memory: to the first process alone, the others get none.

    Every process must call this.
    """
    options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=trained_only)
    return cast(dict[str, torch.Tensor], get_model_state_dict(model, options=options))


def make_whole(model: Any) -> None:
    """Put whole parameters into the model of the first process, to be saved; it can no longer be trained.

    Every process must call this.
    """
    whole: dict[int, torch.nn.Parameter] = {}  # by the sharded parameter, which modules may share
    for name, tensor in whole_tensors(model, trained_only=False).items():
        owner, _, leaf = name.rpartition(".")
        parameters = model.get_submodule(owner)._parameters
        if parameters.get(leaf) is not None:
            shared = id(parameters[leaf])
            parameters[leaf] = whole.setdefault(shared, torch.nn.Parameter(tensor, parameters[leaf].requires_grad))


def put(parameter: torch.Tensor, tensor: torch.Tensor) -> None:
    """Copy a whole tensor into a parameter, sharded or not; every process must call this."""
    if isinstance(parameter, DTensor):
        tensor = distribute_tensor(tensor.to(parameter.device), parameter.device_mesh, parameter.placements)
    with torch.no_grad():
        parameter.copy_(tensor)


def save_optimizer(optimizer: torch.optim.Optimizer, folder: Path) -> None:
    """Write this process's part of an optimizer's state."""
    state = optimizer.state_dict()
    parts = {number: {key: _local(value) for key, value in each.items()} for number, each in state["state"].items()}
    torch.save({**state, "state": parts}, _file(folder))


def load_optimizer(optimizer: torch.optim.Optimizer, folder: Path) -> None:
    """Load the state that `save_optimizer` wrote with as many processes."""
    state = torch.load(_file(folder), map_location="cpu", weights_only=True)
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for number, values in state["state"].items():
        state["state"][number] = {key: _sharded(value, parameters[number]) for key, value in values.items()}
    optimizer.load_state_dict(state)


def _inner(model: Any) -> Any:
    """Return transformers' model, without an adapter."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _file(folder: Path) -> Path:
    return folder / f"optimizer.{torch.distributed.get_rank()}.pt"


def _local(value: Any) -> Any:
    return value.to_local() if isinstance(value, DTensor) else value


def _sharded(value: Any, parameter: torch.Tensor) -> Any:
    """Return a part of a moment of a parameter, sharded like it; other values, as the count of steps, as they are."""
    if not isinstance(parameter, DTensor) or not torch.is_tensor(value) or value.ndim == 0:
        return value
    local = value.to(parameter.device)
    mesh, placements = parameter.device_mesh, parameter.placements
    return DTensor.from_local(local, mesh, placements, shape=parameter.shape, stride=parameter.stride())
