"""Operations that every processor rounds alike, in place of those that oneMKL's vector mathematics rounds by processor.

These are the square roots of float32 tensors: in PyTorch's plain AdamW, and in the norms of transformers' CLIP.
"""

from contextlib import contextmanager
from typing import Iterator

import torch
from torch import Tensor

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.numerics import Numerics

# AdamW, as transformers names it.
OPTIMIZERS: dict[Numerics, str] = {"native": "adamw_torch", "portable": "adamw_torch_fused"}


@contextmanager
def norms(numerics: Numerics) -> Iterator[None]:
    """Have CLIP take its norms by one operation, where numerics are portable."""
    if numerics == "native":
        yield
        return
    from transformers.models.clip import modeling_clip  # which a native training without CLIP need not load

    own = getattr(modeling_clip, "_get_vector_norm", None)
    if own is None:
        raise PipelineError(
            "CLIP takes its norms otherwise in this release of transformers",
            where=modeling_clip.__name__,
            value="_get_vector_norm is not there",
            cure="install the release in requirements.lock: make setup",
        )
    modeling_clip._get_vector_norm = _norm
    try:
        yield
    finally:
        modeling_clip._get_vector_norm = own


def _norm(features: Tensor) -> Tensor:
    """Return the Euclidean norm of each row, as a column."""
    norm: Tensor = torch.linalg.vector_norm(features, dim=-1, keepdim=True)
    return norm
