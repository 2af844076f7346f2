"""Operations with equal rounding on every processor, in place of oneMKL's, whose rounding depends on the processor.

With `MKL_CBWR=AVX2,STRICT`, oneMKL's products of float32 matrices are equal on AVX2 processors of both makers if the
result has at least 4 rows and 12 columns and nothing is scaled or added: measured in 22,000 products of sides from 1 to
100 on an AMD EPYC (Zen 3) and an emulated Intel Haswell. All other products are brought to that form. oneMKL's square
roots of float32 tensors always differ: PyTorch's plain AdamW has them (`training/loop.py` uses the fused one), and the
norms of transformers' CLIP.
"""

import warnings
from contextlib import ExitStack, contextmanager
from typing import Any, Iterator

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import pad

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.numerics import Numerics

LEAST = 16  # rows and columns of a result; a margin above the measured limits


@contextmanager
def operations(numerics: Numerics) -> Iterator[None]:
    """Within this context, PyTorch's CPU operations round equally on all processors, if numerics are portable."""
    with ExitStack() as stack:
        if numerics == "portable":
            stack.enter_context(_products())
            stack.enter_context(sdpa_kernel(SDPBackend.MATH))  # the other backends call oneMKL for blocks of any shape
            stack.enter_context(_norms())
        yield


@contextmanager
def _products() -> Iterator[None]:
    """Replace the CPU kernels of matrix products, which autograd's backward passes use too."""
    library: Any = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    kernels = {"mm": _mm, "bmm": _bmm, "addmm": _addmm, "baddbmm": _baddbmm, "mv": _mv, "addmv": _addmv, "dot": _dot}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(?s).*Overriding a previously registered kernel")  # intended
        for name, kernel in kernels.items():
            library.impl(name, kernel, "CPU", allow_override=True)
    try:
        yield
    finally:
        library._destroy()


def _mm(left: Tensor, right: Tensor) -> Tensor:
    product, shape = _product(torch.ops.aten.mm.out, left, right)
    return product if product.shape == shape else product[: shape[0], : shape[1]].contiguous()


def _bmm(left: Tensor, right: Tensor) -> Tensor:
    product, shape = _product(torch.ops.aten.bmm.out, left, right)
    return product if product.shape == shape else product[:, : shape[1], : shape[2]].contiguous()


def _product(kernel: Any, left: Tensor, right: Tensor) -> tuple[Tensor, torch.Size]:
    """Return a product zero-padded to at least LEAST rows and columns, and its shape without padding."""
    if left.is_floating_point() and left.dtype != torch.float32:
        raise PipelineError(
            "portable numerics support products of float32 tensors only",
            value=left.dtype,
            cure="set `numerics: native`",
        )
    shape = torch.Size([*left.shape[:-1], right.shape[-1]])
    rows, columns = max(0, LEAST - shape[-2]), max(0, LEAST - shape[-1])
    left = pad(left, (0, 0, 0, rows)) if rows else left
    right = pad(right, (0, columns)) if columns else right
    out = left.new_empty([*left.shape[:-1], right.shape[-1]])
    return kernel(left, right, out=out), shape


def _addmm(bias: Tensor, left: Tensor, right: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    return _sum(bias, _mm(left, right), beta, alpha)


def _baddbmm(bias: Tensor, left: Tensor, right: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    return _sum(bias, _bmm(left, right), beta, alpha)


def _addmv(bias: Tensor, matrix: Tensor, vector: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    return _sum(bias, _mv(matrix, vector), beta, alpha)


def _mv(matrix: Tensor, vector: Tensor) -> Tensor:
    return _mm(matrix, vector[:, None])[:, 0]


def _dot(left: Tensor, right: Tensor) -> Tensor:
    return _mm(left[None], right[:, None])[0, 0]


def _sum(bias: Tensor, product: Tensor, beta: float, alpha: float) -> Tensor:
    product = product if alpha == 1 else product.mul_(alpha)
    if beta == 0:
        return product  # even if the bias is NaN
    return product.add_(bias if beta == 1 else bias * beta)


@contextmanager
def _norms() -> Iterator[None]:
    """Replace the norm of transformers' CLIP by a single operation."""
    from transformers.models.clip import modeling_clip  # a native job without CLIP does not load it

    replaced = getattr(modeling_clip, "_get_vector_norm", None)
    if replaced is None:
        raise PipelineError(
            "this release of transformers computes CLIP's norms differently",
            where=modeling_clip.__name__,
            value="no _get_vector_norm",
            cure="install the release in requirements.lock: make setup",
        )
    modeling_clip._get_vector_norm = _norm
    try:
        yield
    finally:
        modeling_clip._get_vector_norm = replaced


def _norm(features: Tensor) -> Tensor:
    """Return the Euclidean norm of each row, as a column."""
    norm: Tensor = torch.linalg.vector_norm(features, dim=-1, keepdim=True)
    return norm
