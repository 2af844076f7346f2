"""Variables of the environment that can change what a job computes: fixed, refused or recorded, each in one list.

Every other variable changes no bytes: where caches lie, how much is logged, what is downloaded under a pin, how torch
compiles, which no stage asks for. Without a fixed PYTHONHASHSEED sets of strings have another order in every process,
so that no stage can depend on it.
"""

import os

from pipeline_lib.core.errors import PipelineError

# The job sets these to the study's `threads`: another number of threads sums in another order.
FIXED = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

# Other precision, other kernels, other ways of training than the settings say; or, in Python, no assertions.
REFUSED = (
    *("ACCELERATE_", "FSDP_", "PARALLELISM_CONFIG_", "XLA_USE_BF16", "XLA_DOWNCAST_BF16", "USE_HUB_KERNELS"),
    *("NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "TORCH_FORCE_", "PYTORCH_TUNABLEOP_"),
    *("TRANSFORMERS_SDPA_", "TRANSFORMERS_DISABLE_", "PYTHONOPTIMIZE"),
)

# Torch sets it in every process that imports it, and so in what that starts: where a cache lies.
HARMLESS = ("TORCHINDUCTOR_CACHE_DIR",)

# They choose among instructions, kernels and devices that round differently, as on another machine.
RECORDED = (
    *("OMP_", "KMP_", "GOMP_", "MKL_", "OPENBLAS_", "BLIS_", "DNNL_", "ONEDNN_", "ATEN_", "NPY_", "GLIBC_TUNABLES"),
    *("CUDA_", "CUBLAS_", "CUDNN_", "NCCL_", "TORCH_", "PYTORCH_", "PYTHONHASHSEED", "LD_PRELOAD"),
)


def check_environment() -> None:
    """Raise PipelineError where a variable is set that would make this job compute something else."""
    names = [name for name in sorted(os.environ) if name.startswith(REFUSED) and name not in HARMLESS]
    refused = {name: os.environ[name] for name in names if os.environ[name]}
    if refused:
        raise PipelineError(
            "a variable of the environment would change what this job computes",
            where=", ".join(refused),
            value=refused,
            cure=f"unset {' '.join(refused)}",
        )


def fix_threads(threads: int) -> None:
    """Make numeric libraries that are imported from here on use `threads`, whatever the scheduler grants."""
    os.environ.update(dict.fromkeys(FIXED, str(threads)))


def recorded_environment() -> dict[str, str]:
    """Return the variables that a record holds, sorted by name."""
    return {name: os.environ[name] for name in sorted(os.environ) if name.startswith(RECORDED)}
