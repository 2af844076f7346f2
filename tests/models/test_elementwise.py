"""The operations of trainings round as arithmetic says; what oneMKL rounds by processor is not among them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.models.opening import load_vlm
from pipeline_lib.recipes import contrastive, full, lora, projector, prototypes, text
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import RecipeSettings, TrainSettings
from pipeline_lib.training.task import TrainingInputs
from tests.models.answering import answered, settings_of
from tests.models.making import CLASSES
from tests.models.random_models import TEMPLATES, random_model
from tests.models.trained import without_image

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


RECIPES: dict[str, RecipeSettings] = {
    "contrastive": contrastive.Settings(name="contrastive", **STEP),
    "siglip": contrastive.Settings(name="contrastive", loss="siglip", **STEP),
    "prototypes": prototypes.Settings(name="prototypes", label="answer", classes=CLASSES, **STEP),
    "text": text.Settings(name="text", **STEP),
    "projector": projector.Settings(name="projector", **STEP),
    "full": full.Settings(name="full", projector="random", **STEP),
    "lora": lora.Settings(name="lora", rank=2, alpha=4, projector="random", **STEP),
}


def operations_of(work: Callable[[], Any]) -> set[str]:
    """Return the names of the operations of some work."""
    with Noting() as noting:
        work()
    return noting.names


def trained(material: TrainingInputs, recipe: RecipeSettings, folder: Path) -> set[str]:
    """Return the names of the operations of a portable training."""
    settings = TrainSettings(recipe=recipe, seed=0, threads=1, numerics="portable")
    return operations_of(lambda: train_recipe(material, settings, folder / "out", Resume(folder / "state", 600)))


@pytest.mark.parametrize("name", RECIPES)
def test_no_training_takes_a_root_that_processors_round_otherwise(
    language: Path, tower: Path, rows: list[Conversation], images: ImageReader, tmp_path: Path, name: str
) -> None:
    of_clip = {"contrastive": Base(tower), "siglip": Base(tower), "prototypes": Base(tower)}
    base = of_clip.get(name, Base(language) if name == "text" else Base(language, tower))
    shown = [without_image(row) for row in rows] if name == "text" else rows
    names = trained(TrainingInputs(base, shown, images, seed=0), RECIPES[name], tmp_path)
    assert {"mm", "_fused_adamw_"} <= names
    assert not names & BY_PROCESSOR


@pytest.mark.parametrize("family", TEMPLATES)
def test_no_family_trains_or_answers_with_such_a_root(
    language: Path,
    tower: Path,
    rows: list[Conversation],
    images: ImageReader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    family: str,
) -> None:
    monkeypatch.setattr(torch, "inference_mode", torch.no_grad)  # which shows what a composite operation consists of
    start = random_model(family, language, tower, tmp_path / "start")
    recipe = full.Settings(name="full", template=TEMPLATES[family], **STEP)
    names = trained(TrainingInputs(Base(start, digests={"start": "d"}), rows, images, seed=0), recipe, tmp_path)
    vlm = load_vlm(tmp_path / "out")
    vlm.model.eval()
    questions = [Question(path, "What is it?", (path,), "part") for path in ("0.jpg", "1.jpg")]
    settings = settings_of(TEMPLATES[family], family=family, max_new_tokens=4, numerics="portable")
    answers = operations_of(lambda: answered(vlm, questions, images, settings, tmp_path / "replies"))
    assert "mm" in names and "mm" in answers
    assert not (names | answers) & BY_PROCESSOR


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
