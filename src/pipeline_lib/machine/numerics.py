"""Settings of numeric jobs: threads, GPUs, and whether all processors round equally."""

from typing import Literal

from pydantic import Field

from pipeline_lib.core.settings import Settings

Numerics = Literal["portable", "native"]

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

# Each library has a code path for every generation of processors, and these sum in different orders. These variables
# select one path for all x86-64 processors with AVX2, in oneMKL (conditional numerical reproducibility), PyTorch and
# oneDNN.
PORTABLE = {"MKL_CBWR": "AVX2,STRICT", "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}

# flash-attn sums in an order of its own in every run, unless transformers reads this variable when it calls it.
GPU = {"FLASH_ATTENTION_DETERMINISTIC": "1"}


class NumericSettings(Settings):
    """Settings of a job that computes with floats; all of them change the bytes."""

    threads: int = Field(ge=1)
    numerics: Numerics = "native"

    def variables(self) -> dict[str, str]:
        """Return the environment variables to set before numeric libraries are loaded."""
        threads = dict.fromkeys(THREADS, str(self.threads))
        return {**threads, **PORTABLE} if self.numerics == "portable" else threads


class DeviceSettings(NumericSettings):
    """Settings of a job with a model, on the processor or on GPUs."""

    device: Literal["cpu", "cuda"] = "cpu"

    def variables(self) -> dict[str, str]:
        """Return the environment variables to set before numeric libraries are loaded."""
        return {**super().variables(), **(GPU if self.device == "cuda" else {})}

    def nodes(self) -> int:
        """Return how many nodes share the job."""
        return 1

    def gpus_per_node(self) -> int:
        """Return how many GPUs the job takes on each node; 0 on the processor."""
        return 1 if self.device == "cuda" else 0
