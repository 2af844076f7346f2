"""What a numeric job computes with: its threads, and whether every processor rounds alike."""

from typing import Literal

from pydantic import Field

from pipeline_lib.core.settings import Settings

Numerics = Literal["portable", "native"]

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

# Each library has a path for every generation of processors, which sum in other orders. These name one path that every
# x86-64 processor with AVX2 takes: oneMKL's conditional numerical reproducibility, PyTorch's kernels, oneDNN's.
PORTABLE = {"MKL_CBWR": "AVX2,STRICT", "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}


class NumericSettings(Settings):
    """Settings of a job that computes with floats: they hold how, since it changes the bytes."""

    threads: int = Field(ge=1)
    numerics: Numerics = "native"

    def variables(self) -> dict[str, str]:
        """Return the variables of the environment that numeric libraries must see when they are loaded."""
        threads = dict.fromkeys(THREADS, str(self.threads))
        return {**threads, **PORTABLE} if self.numerics == "portable" else threads
