"""What every kind of starting weights offers to the weights stage.

A weights module has `Settings` and `make(settings, rows, seed, folder)`.
"""

from pathlib import Path
from typing import Protocol

from pydantic import Field

from pipeline_lib.core.settings import Settings
from pipeline_lib.instruct.table import Conversation


class WeightsKind(Settings):
    """Settings of starting weights; `kind` names the module."""

    kind: str = Field(description="what is made: a module in pipeline_lib/weights")


class WeightsMaker(Protocol):
    """The function of a weights module."""

    def make(self, settings: WeightsKind, rows: list[Conversation], seed: int, folder: Path) -> None:
        """Write a model into a new folder; its tokenizer is trained on the texts of `rows`."""
