"""Variables of the environment that can change what a job computes: fixed, refused or recorded, each in one list.

Every other variable changes no bytes: where caches lie, how much is logged, what is downloaded under a pin, how torch
compiles, which no stage asks for. Without a fixed PYTHONHASHSEED sets of strings have another order in every process,
so that no stage can depend on it.
"""

import os
from pathlib import Path

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.numerics import Numerics, NumericSettings

# Other precision, other kernels, other ways of training than the settings say; or, in Python, no assertions.
REFUSED = (
    *("ACCELERATE_", "FSDP_", "PARALLELISM_CONFIG_", "XLA_USE_BF16", "XLA_DOWNCAST_BF16", "USE_HUB_KERNELS"),
    *("NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "TORCH_FORCE_", "PYTORCH_TUNABLEOP_"),
    *("TRANSFORMERS_SDPA_", "TRANSFORMERS_DISABLE_", "PYTHONOPTIMIZE"),
)

# Mathematics of the C library choose their instructions by it before the job begins, and round accordingly.
LOADED_BEFORE = "GLIBC_TUNABLES"

# Torch sets it in every process that imports it, and so in what that starts: where a cache lies.
HARMLESS = ("TORCHINDUCTOR_CACHE_DIR",)

# Numeric libraries choose threads and instructions by them. A portable job has none but its own.
NUMERIC = ("OMP_", "KMP_", "GOMP_", "MKL_", "OPENBLAS_", "BLIS_", "DNNL_", "ONEDNN_", "ATEN_", "NPY_")

# They choose among instructions, kernels and devices that round differently, as on another machine.
RECORDED = (
    *NUMERIC,
    *("GLIBC_TUNABLES", "CUDA_", "CUBLAS_", "CUDNN_", "NCCL_", "TORCH_", "PYTORCH_", "PYTHONHASHSEED", "LD_PRELOAD"),
)


def check_environment(numerics: Numerics) -> None:
    """Raise PipelineError where a variable is set that would make this job compute something else."""
    refusals = (*REFUSED, LOADED_BEFORE) if numerics == "portable" else REFUSED
    names = [name for name in sorted(os.environ) if name.startswith(refusals) and name not in HARMLESS]
    refused = {name: os.environ[name] for name in names if os.environ[name]}
    if refused:
        raise PipelineError(
            "a variable of the environment would change what this job computes",
            where=", ".join(refused),
            value=refused,
            cure=f"unset {' '.join(refused)}",
        )


def fix_numerics(settings: NumericSettings) -> None:
    """Make numeric libraries that are imported from here on compute as the settings say, whatever a person has set."""
    if settings.numerics == "portable":
        for name in [name for name in os.environ if name.startswith(NUMERIC)]:
            del os.environ[name]
    os.environ.update(settings.variables())
    if not _has_avx2():
        os.environ.pop("ATEN_CPU_CAPABILITY", None)  # PyTorch would run instructions that are not there


def _has_avx2() -> bool:
    """Return whether this processor has AVX2, as far as it says."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return True
    return all("avx2" in line.split() for line in lines if line.startswith("flags"))


def recorded_environment() -> dict[str, str]:
    """Return the variables that a record holds, sorted by name."""
    return {name: os.environ[name] for name in sorted(os.environ) if name.startswith(RECORDED)}
