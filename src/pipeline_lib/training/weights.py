"""The weights stage: make the kind of weights that the settings name, and let them learn where a recipe is given."""

import logging
from pathlib import Path
from typing import cast

from pipeline_lib.core.files import remove
from pipeline_lib.core.registry import load
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.instruct.table import Conversation
from pipeline_lib.models.llava import Base
from pipeline_lib.training.curve import Step
from pipeline_lib.training.determinism import make_deterministic
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import TrainSettings, WeightsSettings
from pipeline_lib.training.task import Material
from pipeline_lib.weights.base import Given, WeightsMaker

logger = logging.getLogger(__name__)


def make_weights(
    settings: WeightsSettings, given: Given, lessons: list[Conversation], folder: Path, resume: Resume
) -> list[Step]:
    """Write starting weights into a new folder and return the steps of their learning, if any, on `lessons`."""
    seed = derive_seed(settings.seed, "weights", settings.make.kind)
    make_deterministic(seed, settings.threads)
    maker = cast(WeightsMaker, load("weights", settings.make.kind))
    if settings.learn is None:
        maker.make(settings.make, given, seed, folder)
        return []
    start = resume.folder / "start"
    remove(start)
    maker.make(settings.make, given, seed, start)
    material = Material(Base(start), lessons, ImageReader([]), settings.seed)
    how = TrainSettings(recipe=settings.learn, seed=settings.seed, threads=settings.threads, device=settings.device)
    return train_recipe(material, how, folder, resume)
