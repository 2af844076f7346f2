"""The weights stage: make starting weights of the kind named in the settings."""

from pathlib import Path
from typing import cast

from pipeline_lib.core.plugins import load
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.models.determinism import make_deterministic
from pipeline_lib.training.settings import WeightsSettings
from pipeline_lib.weights.base import WeightsInputs, WeightsMaker


def make_weights(settings: WeightsSettings, inputs: WeightsInputs, folder: Path) -> None:
    """Write starting weights into a new folder."""
    seed = derive_seed(settings.seed, "weights", settings.make.kind)
    make_deterministic(seed, settings.threads)
    maker = cast(WeightsMaker, load("weights", settings.make.kind))
    maker.make(settings.make, inputs, seed, folder)
