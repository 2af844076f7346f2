"""The sample_embedded stage: choose the rows of a subset by a strategy that reads their embeddings.

It is a stage of its own, so that subsets by other strategies depend neither on embeddings nor on the code that reads
them.
"""

from typing import cast

from pipeline_lib.conversations.sample import SampleSettings
from pipeline_lib.conversations.subset import SubsetRow, pinned
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.embeddings import Embeddings
from pipeline_lib.core.plugins import load
from pipeline_lib.sampling.base import EmbeddedShare, EmbeddedStrategy


def sample_embedded(table: list[Conversation], settings: SampleSettings, embeddings: Embeddings) -> list[SubsetRow]:
    """Return the chosen rows in the table's order; a row without embeddings raises PipelineError."""
    of_table = embeddings.of([row.row for row in table])
    strategy = cast(EmbeddedStrategy, load("sampling", settings.sample.strategy))
    options = cast(EmbeddedShare, settings.sample)
    chosen = {row.row for row in strategy.choose(options, settings.seed, table, of_table)}
    return [pinned(row) for row in table if row.row in chosen]
