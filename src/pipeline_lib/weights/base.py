"""The interface that every kind of starting weights offers to the weights stage.

A weights module has `Settings` and `make(settings, inputs, seed, folder)`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

from pydantic import Field

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.settings import Settings
from pipeline_lib.models.card import ModelKind

LARGEST_VOCABULARY = 4_000_000  # tokens


class WeightsKind(Settings):
    """Settings of starting weights; `kind` names the module."""

    computes: ClassVar[bool] = True  # else they are files, whose bytes depend on no seed and no processor

    kind: str = Field(description="the kind of weights: a module in pipeline_lib/weights")

    def model_kind(self) -> ModelKind:
        """Return the kind of model that these weights are."""
        raise NotImplementedError

    def model_template(self) -> str | None:
        """Return the conversation template of a LLaVA or an adapter, None for other weights."""
        return None

    def model_family(self) -> str | None:
        """Return the family whose code makes these weights, None for weights of no family."""
        return None

    def origin(self, inputs: "WeightsInputs", seed: int) -> dict[str, Any]:
        """Return the source of the tensors for the record."""
        return {"tensors": f"random, seed {seed}"}

    def takes_tower(self) -> bool:
        """Return whether these weights may take their vision tower from another CLIP model."""
        return False


@dataclass(frozen=True)
class WeightsInputs:
    """Inputs of weights: rows whose texts train a tokenizer, files of a dataset by name, a CLIP model."""

    rows: list[Conversation] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)
    tower: Path | None = None


class WeightsMaker(Protocol):
    """The function of a weights module."""

    def make(self, settings: WeightsKind, inputs: WeightsInputs, seed: int, folder: Path) -> None:
        """Write a model into a new folder."""
