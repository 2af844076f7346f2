"""Making a job's numbers depend on its settings alone."""

import random

import numpy as np
import torch


def make_deterministic(seed: int, threads: int) -> None:
    """Seed every generator, fix the number of threads, and refuse operations that are not deterministic."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
