"""The sample stage: choose the rows of a subset by a strategy."""

from typing import Annotated, cast

from pipeline_lib.conversations.subset import SubsetRow
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.plugins import Plugin, load
from pipeline_lib.core.settings import Settings
from pipeline_lib.sampling.base import SampleStrategy, Strategy


class SampleSettings(Settings):
    """The settings of one sample job."""

    sample: Annotated[SampleStrategy, Plugin("sampling", key="strategy")]
    seed: int


def sample(table: list[Conversation], settings: SampleSettings) -> list[SubsetRow]:
    """Return the chosen rows in the table's order."""
    strategy = cast(Strategy, load("sampling", settings.sample.strategy))
    chosen = {row.row for row in strategy.choose(settings.sample, settings.seed, table)}
    return [SubsetRow(row.row, row.id, row.digest(), _pins(row)) for row in table if row.row in chosen]


def _pins(row: Conversation) -> str | None:
    return " ".join(pin for _, pin in row.images) or None
