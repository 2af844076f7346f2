"""The weights stage: run the kind of weights that the settings name."""

import logging
from pathlib import Path
from typing import cast

from pipeline_lib.core.registry import load
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.instruct.table import Conversation
from pipeline_lib.weights.base import WeightsMaker, WeightsSettings

logger = logging.getLogger(__name__)


def make_weights(settings: WeightsSettings, rows: list[Conversation], folder: Path) -> None:
    """Write the starting weights into a new folder."""
    import torch

    torch.set_num_threads(settings.threads)
    maker = cast(WeightsMaker, load("weights", settings.make.kind))
    maker.make(settings.make, rows, derive_seed(settings.seed, "weights", settings.make.kind), folder)
    logger.info("%s from its configuration, its tokenizer from %d rows", settings.make.kind, len(rows))
