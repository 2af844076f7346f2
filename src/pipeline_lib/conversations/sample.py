"""The sample stage: choose the rows of a subset by a strategy."""

from pathlib import Path
from typing import Annotated, cast

import numpy as np
import pyarrow as pa

from pipeline_lib.conversations.subset import chosen_pins, row_numbers
from pipeline_lib.conversations.table import read_table
from pipeline_lib.core.plugins import Plugin, load
from pipeline_lib.core.settings import Settings
from pipeline_lib.sampling.base import NumberStrategy, SampleStrategy, Strategy


class SampleSettings(Settings):
    """The settings of one sample job."""

    sample: Annotated[SampleStrategy, Plugin("sampling", key="strategy")]
    seed: int


def sample(table: Path, pins: Path, settings: SampleSettings) -> list[pa.RecordBatch]:
    """Return the pins of the chosen rows in the table's order.

    `pins` has those of all rows; the table itself is read only if the strategy needs more than their numbers.
    """
    strategy = cast(Strategy, load("sampling", settings.sample.strategy))
    if isinstance(strategy, NumberStrategy):
        chosen = strategy.choose_numbers(settings.sample, settings.seed, row_numbers(pins))
    else:
        rows = strategy.choose(settings.sample, settings.seed, read_table(table))
        chosen = np.array([row.row for row in rows], np.int64)
    return list(chosen_pins(pins, chosen))
