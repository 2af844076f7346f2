"""Liger's kernels in place of torch's operations for rotations, norms and gates, where a study asks for them."""

from importlib.util import find_spec
from typing import Any

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.training.settings import TrainSettings

# The loss stays this project's own, which reads trained positions alone.
LOSSES = {"cross_entropy": False, "fused_linear_cross_entropy": False}


def kernel_arguments(settings: TrainSettings) -> dict[str, Any]:
    """Return the arguments of transformers' trainer that select the kernels, none for torch's own.

    Raises PipelineError where Liger's kernels cannot run: on the processor, or without its package.
    """
    if settings.devices.kernels == "torch":
        return {}
    reason = None
    if settings.device != "cuda":
        reason = "they run on GPUs alone"
    elif find_spec("liger_kernel") is None:
        reason = "the package liger-kernel is not installed"
    if reason:
        raise PipelineError(
            f"this training cannot compute with Liger's kernels: {reason}",
            where="devices.kernels", value="liger", cure="write `kernels: torch`, or `make setup TORCH=cuda` on a GPU",
        )  # fmt: skip
    return {"use_liger_kernel": True, "liger_kernel_config": LOSSES}
