"""The sample stage: choose the rows of a subset by a strategy."""

from pathlib import Path
from typing import Annotated, cast

import pyarrow as pa

from pipeline_lib.conversations.subset import SubsetRow, chosen_pins, pinned, row_numbers
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.plugins import Plugin, load
from pipeline_lib.core.settings import Settings
from pipeline_lib.sampling.base import NumberStrategy, SampleStrategy, Strategy


class SampleSettings(Settings):
    """The settings of one sample job."""

    sample: Annotated[SampleStrategy, Plugin("sampling", key="strategy")]
    seed: int


def sample(table: list[Conversation], settings: SampleSettings) -> list[SubsetRow]:
    """Return the chosen rows in the table's order."""
    strategy = cast(Strategy, load("sampling", settings.sample.strategy))
    chosen = {row.row for row in strategy.choose(settings.sample, settings.seed, table)}
    return [pinned(row) for row in table if row.row in chosen]


def sample_pins(pins: Path, settings: SampleSettings) -> pa.Table | None:
    """Return the pins of the chosen rows of a whole table, of which `pins` has those of all rows, in its order.

    A strategy that needs more than the numbers of the rows gives None.
    """
    strategy = load("sampling", settings.sample.strategy)
    if not isinstance(strategy, NumberStrategy):
        return None
    return chosen_pins(pins, strategy.choose_numbers(settings.sample, settings.seed, row_numbers(pins)))
