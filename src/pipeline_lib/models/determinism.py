"""Seed a job and restrict torch to deterministic operations, so that its numbers depend on its settings alone."""

import random

import numpy as np
import torch
from torch.utils import deterministic

from pipeline_lib.core.errors import PipelineError


def make_deterministic(seed: int, threads: int, device: str = "cpu") -> None:
    """Seed every generator, fix the number of threads, and disallow nondeterministic operations.

    Raises PipelineError for a device that this machine or this build of torch lacks, instead of using another one.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise PipelineError(
            "this study computes on GPUs, and torch sees none here",
            value=torch.__version__,
            cure="run it on a machine with a GPU after `make setup TORCH=cuda`, or set `device: cpu`",
        )
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    # Else torch fills every new tensor with NaN before an operation writes it, which costs a small training 3 %.
    deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
