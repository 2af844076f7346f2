"""The weights stage: make the kind of weights that the settings name, and let them learn where a recipe is given."""

import logging
from pathlib import Path
from typing import cast

from pipeline_lib.core.files import partial, publish, remove
from pipeline_lib.core.registry import load
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.instruct.table import Conversation
from pipeline_lib.models.llava import Base
from pipeline_lib.training.curve import Step, read_curve, write_curve
from pipeline_lib.training.determinism import make_deterministic
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import Lesson, TrainSettings, WeightsSettings
from pipeline_lib.training.task import Material
from pipeline_lib.weights.base import Given, WeightsMaker

logger = logging.getLogger(__name__)


def make_weights(
    settings: WeightsSettings, given: Given, lessons: list[list[Conversation]], folder: Path, resume: Resume
) -> list[Step]:
    """Write starting weights into a new folder and return the steps of all lessons, whose rows are `lessons`."""
    seed = derive_seed(settings.seed, "weights", settings.make.kind)
    make_deterministic(seed, settings.threads, settings.device)
    maker = cast(WeightsMaker, load("weights", settings.make.kind))
    if not settings.lessons:
        maker.make(settings.make, given, seed, folder)
        return []
    start = resume.folder / "start"
    remove(start)
    maker.make(settings.make, given, seed, start)
    steps: list[Step] = []
    for number, (lesson, rows) in enumerate(zip(settings.lessons, lessons, strict=True), 1):
        place = Resume(resume.folder / f"lesson-{number}", resume.seconds)
        end = folder if number == len(lessons) else place.folder / "model"
        steps += _learn(settings, lesson, Material(Base(start), rows, ImageReader([]), settings.seed), end, place)
        start = end
    return [step._replace(step=number) for number, step in enumerate(steps, 1)]


def _learn(settings: WeightsSettings, lesson: Lesson, material: Material, end: Path, place: Resume) -> list[Step]:
    """Write the weights after a lesson and return its steps; one that an interrupted job finished is not redone."""
    finished = place.folder / "finished.csv"
    if finished.is_file() and end.parent == place.folder:
        return read_curve(finished)
    remove(end)
    shared = settings.model_dump(include={"seed", "threads", "numerics", "device"})
    how = TrainSettings(recipe=lesson.recipe, **shared)
    steps = train_recipe(material, how, end, place)
    write_curve(partial(finished), steps)
    publish(finished)
    return steps
