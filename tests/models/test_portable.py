"""Portable products: what every processor rounds alike is what anybody would compute, small or large."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import linear, pad, scaled_dot_product_attention

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.portable import LEAST, operations


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


PRODUCTS: dict[str, Callable[[], Tensor]] = {
    "one number": lambda: numbers(1, 5) @ numbers(5, 1),
    "few rows": lambda: numbers(3, 40) @ numbers(40, 50),
    "few columns": lambda: numbers(50, 40) @ numbers(40, 3),
    "nothing between": lambda: numbers(4, 0) @ numbers(0, 5),
    "no rows": lambda: numbers(0, 4) @ numbers(4, 5),
    "transposed": lambda: numbers(7, 9).t() @ numbers(11, 7).t(),
    "large": lambda: numbers(60, 40) @ numbers(40, 50),
    "batches": lambda: torch.bmm(numbers(2, 3, 4), numbers(2, 4, 5)),
    "heads": lambda: numbers(2, 3, 4, 5) @ numbers(2, 3, 5, 6),
    "a matrix and a vector": lambda: numbers(6, 7) @ numbers(7),
    "two vectors": lambda: numbers(9) @ torch.ones(9),
    "a layer": lambda: linear(numbers(2, 3, 8), numbers(5, 8), numbers(5)),
    "a scaled sum": lambda: torch.addmm(numbers(5), numbers(4, 8), numbers(8, 5), beta=0.5, alpha=2),
    "a sum without the first": lambda: torch.addmm(torch.full((5,), torch.nan), numbers(4, 8), numbers(8, 5), beta=0),
    "sums of batches": lambda: torch.baddbmm(numbers(2, 3, 5), numbers(2, 3, 4), numbers(2, 4, 5), beta=2, alpha=0.5),
    "a sum of a vector": lambda: torch.addmv(numbers(6), numbers(6, 7), numbers(7), beta=2, alpha=0.5),
    "attention": lambda: scaled_dot_product_attention(*3 * [numbers(2, 2, 9, 16)], is_causal=True),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_portable_product_is_the_product(name: str) -> None:
    native = PRODUCTS[name]()
    with operations("portable"):
        portable = PRODUCTS[name]()
    assert portable.is_contiguous() and portable.shape == native.shape
    torch.testing.assert_close(portable, native)


@pytest.mark.parametrize("shape", [(1, 7, 1), (3, 40, 50), (50, 40, 11), (LEAST - 1, 300, LEAST - 1)])
def test_a_small_product_is_part_of_one_that_processors_round_alike(shape: tuple[int, int, int]) -> None:
    rows, between, columns = shape
    left, right = numbers(rows, between), numbers(between, columns)
    large = pad(left, (0, 0, 0, max(0, LEAST - rows))) @ pad(right, (0, max(0, LEAST - columns)))
    with operations("portable"):
        assert torch.equal(left @ right, large[:rows, :columns])


def test_gradients_are_taken_by_portable_products_too() -> None:
    weights = numbers(30, 50).double().requires_grad_()
    loss = linear(numbers(40, 50).double(), weights).sum()
    with operations("portable"), pytest.raises(PipelineError, match="products of float32 tensors only"):
        loss.backward()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_what_processors_do_not_round_alike_is_refused(dtype: torch.dtype) -> None:
    with operations("portable"), pytest.raises(PipelineError, match="products of float32 tensors only"):
        numbers(20, 20).to(dtype) @ numbers(20, 20).to(dtype)


def test_whole_numbers_are_multiplied() -> None:
    with operations("portable"):
        assert torch.equal(
            torch.ones(2, 3, dtype=torch.int64) @ torch.ones(3, 2, dtype=torch.int64), torch.full((2, 2), 3)
        )


def test_nothing_stays_replaced() -> None:
    with operations("portable"):
        pass
    assert (numbers(20, 20).double() @ numbers(20, 20).double()).dtype == torch.float64


def test_native_numerics_replace_nothing() -> None:
    with operations("native"):
        assert (numbers(20, 20).double() @ numbers(20, 20).double()).dtype == torch.float64
