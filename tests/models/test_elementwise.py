"""The operations of trainings round as arithmetic says; what oneMKL rounds by processor is not among them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.recipes import contrastive, full, text
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import RecipeSettings, TrainSettings
from pipeline_lib.training.task import TrainingInputs

STEP: dict[str, Any] = {"steps": 2, "batch_size": 4, "learning_rate": 1e-2, "clip_norm": 1.0}

# PyTorch 2.13 hands these to oneMKL, which rounds roots, and products of small matrices, by processor. Those products
# that `models/portable.py` brings into shape have other names.
BY_PROCESSOR = {
    *("sqrt", "sqrt_", "_foreach_sqrt", "_foreach_sqrt_", "pow 0.5"),
    *("addmm_", "baddbmm_", "addbmm", "addmv_", "addr", "vdot", "_slow_conv2d_forward", "_slow_conv2d_backward"),
    *("_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_flash_attention_for_cpu_backward"),
}

# What IEEE 754 demands to be rounded correctly, and what is not, with the units in the last place that it may be off.
EXACT: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "reciprocal": torch.reciprocal,
    "mul": lambda x: x * x,
    "div": lambda x: x.flip(0) / x,
    "add": lambda x: x + 0.25,
    "pow 2": lambda x: x.pow(2),
}
CLOSE: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "exp": torch.exp,
    "log": torch.log,
    "rsqrt": torch.rsqrt,
    "sin": torch.sin,
    "cos": torch.cos,
    "tanh": torch.tanh,
    "erf": torch.erf,
    "sigmoid": torch.sigmoid,
    "silu": torch.nn.functional.silu,
    "gelu": torch.nn.functional.gelu,
}


class Noting(TorchDispatchMode):
    """Notes every operation; of a power, its exponent too."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.overloadpacket.__name__
        self.names.add(f"pow {args[1]}" if name in ("pow", "pow_") else name)
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", ["contrastive", "text", "full"])
def test_no_training_takes_a_root_that_processors_round_otherwise(
    language: Path, tower: Path, rows: list[Conversation], images: ImageReader, tmp_path: Path, name: str
) -> None:
    recipes: dict[str, tuple[RecipeSettings, Base]] = {
        "contrastive": (contrastive.Settings(name="contrastive", **STEP), Base(tower)),
        "text": (text.Settings(name="text", **STEP), Base(language)),
        "full": (full.Settings(name="full", projector="random", **STEP), Base(language, tower)),
    }
    recipe, base = recipes[name]
    without = [
        replace(
            row,
            image=None,
            image_sha256=None,
            conversations=[{**turn, "value": turn["value"].replace("<image>\n", "")} for turn in row.conversations],
        )
        for row in rows
    ]
    material = TrainingInputs(base, without if name == "text" else rows, images, seed=0)
    with Noting() as noting:
        train_recipe(
            material,
            TrainSettings(recipe=recipe, seed=0, threads=1, numerics="portable"),
            tmp_path / "out",
            Resume(tmp_path / "state", 600),
        )
    assert {"mm", "_fused_adamw_"} <= noting.names
    assert not noting.names & BY_PROCESSOR


@pytest.mark.parametrize("name", EXACT)
def test_exact_operations_are_rounded_correctly(name: str) -> None:
    numbers = torch.rand(100_003, generator=torch.Generator().manual_seed(1)) * 3 + 0.01
    assert torch.equal(EXACT[name](numbers), EXACT[name](numbers.double()).float())


@pytest.mark.parametrize("name", CLOSE)
def test_other_operations_are_within_units_in_the_last_place(name: str) -> None:
    numbers = torch.rand(100_003, generator=torch.Generator().manual_seed(1)) * 3 + 0.01
    expected = CLOSE[name](numbers.double()).float()
    steps = (CLOSE[name](numbers).view(torch.int32) - expected.view(torch.int32)).abs()
    assert int(steps.max()) <= 8
