"""Environment variables that can change the results of a job: each is fixed, refused or recorded.

Other variables change no bytes: paths of caches, log levels, downloads of pinned files, torch compilation, which no
stage uses. PYTHONHASHSEED is not fixed: sets of strings then have another order in every process, so that no stage can
depend on it.
"""

import os
from pathlib import Path

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.secrets import holds_secret, names_secret
from pipeline_lib.machine.numerics import Numerics, NumericSettings

# They override the precision, kernels or training strategy of the settings; PYTHONOPTIMIZE disables assertions.
REFUSED = (
    *("ACCELERATE_", "FSDP_", "PARALLELISM_CONFIG_", "XLA_USE_BF16", "XLA_DOWNCAST_BF16", "USE_HUB_KERNELS"),
    *("NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "TORCH_FORCE_", "PYTORCH_TUNABLEOP_"),
    *("TRANSFORMERS_SDPA_", "TRANSFORMERS_DISABLE_", "PYTHONOPTIMIZE"),
)

# The C library's math functions select instructions by it at process start; rounding depends on them.
LOADED_BEFORE = "GLIBC_TUNABLES"

# Torch sets this path of a cache in every process that imports it; child processes inherit it.
HARMLESS = ("TORCHINDUCTOR_CACHE_DIR",)

# Numeric libraries select threads and instructions by them. A portable job sets its own and removes all others.
NUMERIC = ("OMP_", "KMP_", "GOMP_", "MKL_", "OPENBLAS_", "BLIS_", "DNNL_", "ONEDNN_", "ATEN_", "NPY_")

# They select instructions, kernels and devices, which round differently, as another machine does.
RECORDED = (
    *NUMERIC,
    *("GLIBC_TUNABLES", "CUDA_", "CUBLAS_", "CUDNN_", "NCCL_", "TORCH_", "PYTORCH_", "PYTHONHASHSEED", "LD_PRELOAD"),
    *("VLLM_", "OPENVINO_", "OV_"),  # of programs that serve a checkpoint: kernels, versions of the engine
)


def check_environment(numerics: Numerics) -> None:
    """Raise PipelineError if an environment variable would change the results of this job."""
    refusals = (*REFUSED, LOADED_BEFORE) if numerics == "portable" else REFUSED
    names = [name for name in sorted(os.environ) if name.startswith(refusals) and name not in HARMLESS]
    refused = {name: os.environ[name] for name in names if os.environ[name]}
    if refused:
        raise PipelineError(
            "an environment variable would change the results of this job",
            where=", ".join(refused),
            value=refused,
            cure=f"unset {' '.join(refused)}",
        )


def fix_numerics(settings: NumericSettings) -> None:
    """Set the environment variables of numeric libraries from the settings, before these libraries are imported."""
    if settings.numerics == "portable":
        for name in [name for name in os.environ if name.startswith(NUMERIC)]:
            del os.environ[name]
    os.environ.update(settings.variables())
    if not _has_avx2():
        os.environ.pop("ATEN_CPU_CAPABILITY", None)  # PyTorch would run unsupported instructions


def _has_avx2() -> bool:
    """Return whether this processor reports AVX2; True if it cannot be read."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return True
    return all("avx2" in line.split() for line in lines if line.startswith("flags"))


def recorded_environment() -> dict[str, str]:
    """Return the environment variables for the record, sorted by name, without keys such as VLLM_API_KEY."""
    named = [name for name in sorted(os.environ) if name.startswith(RECORDED) and not names_secret(name)]
    return {name: os.environ[name] for name in named if not holds_secret(os.environ[name])}
