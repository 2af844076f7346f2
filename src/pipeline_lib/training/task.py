"""The task that a recipe hands to the training loop, and the inputs that it is prepared from."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Mapping, Protocol, Sequence

import torch
from torch.utils.data import Dataset
from transformers import PreTrainedModel

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.models.parts import Part
from pipeline_lib.training.curve import Validated
from pipeline_lib.training.settings import RecipeSettings

if TYPE_CHECKING:
    from peft import PeftModel

Features = dict[str, Any]
Batch = dict[str, torch.Tensor]


@dataclass(frozen=True)
class TrainingInputs:
    """What a training starts from: checkpoints, rows, their images."""

    base: Base
    rows: list[Conversation]
    images: ImageReader
    seed: int
    validation: list[Conversation] = field(default_factory=list)  # for recipes that take the best epoch


@dataclass(frozen=True)
class Validation:
    """What measures a model on the validation rows, and the metric by which an epoch is the best."""

    measure: Callable[[], Validated]
    by: str


@dataclass(frozen=True)
class Task:
    """A model whose parameters are frozen or trained, its examples, their collate function, how to save the result."""

    model: "PreTrainedModel | PeftModel"
    examples: "Examples"
    collate: Callable[[list[Features]], Batch]
    save: Callable[[Path], None]
    lengths: list[int] | None = None  # if rows are ordered by modality and length
    as_original: bool = False  # whether rows have the order that the original draws from the study's seed
    blank_features: Callable[[Any, Batch], torch.Tensor | None] | None = None  # of `Family`
    parts: Mapping[Part, tuple[str, ...]] = field(default_factory=dict)  # prefixes of its parameters' names
    loss: Callable[[Any, Batch], torch.Tensor] | None = None  # of a pass, where it is not the model's own
    validation: Validation | None = None


class Examples(Dataset[Features]):
    """A dataset that makes examples from rows on demand."""

    def __init__(self, rows: Sequence[Any], make: Callable[[Any], Features]) -> None:
        self._rows = rows
        self._make = make

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Features:
        return self._make(self._rows[index])


class Recipe(Protocol):
    """The interface of a recipe module."""

    def prepare(self, settings: RecipeSettings, material: TrainingInputs) -> Task:
        """Return the task: the model, its examples, and how to save it."""


def train_only(model: PreTrainedModel, prefixes: tuple[str, ...]) -> None:
    """Freeze every parameter whose name has none of the prefixes."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(prefixes))


def trained_parameters(model: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    """Return the trained parameters by name."""
    return {name: value for name, value in model.named_parameters() if value.requires_grad}
