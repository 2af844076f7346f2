"""The interface of a strategy for the sample stage.

A strategy module has `Settings` and `choose(settings, seed, rows)`, which returns the chosen row numbers.
"""

from typing import Protocol

from pydantic import Field

from pipeline_lib.core.settings import Settings


class SampleStrategy(Settings):
    """Settings of a strategy; `strategy` names its module."""

    strategy: str = Field(description="how rows are chosen: a module in pipeline_lib/sampling")


class Strategy(Protocol):
    """The function of a strategy module."""

    def choose(self, settings: SampleStrategy, seed: int, rows: list[int]) -> list[int]:
        """Return the chosen rows."""
