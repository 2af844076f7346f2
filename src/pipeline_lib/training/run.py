"""The train stage: run the recipe named in the settings."""

from pathlib import Path
from typing import cast

from pipeline_lib.core.plugins import load
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.models.determinism import make_deterministic
from pipeline_lib.training.curve import Step
from pipeline_lib.training.movement import Movement
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.settings import Optimisation, TrainSettings
from pipeline_lib.training.sharding import is_first, wait_for_all, whole_weights
from pipeline_lib.training.task import Recipe, TrainingInputs


def train_recipe(material: TrainingInputs, settings: TrainSettings, folder: Path, resume: Resume) -> list[Step]:
    """Train as the recipe states, write the checkpoint into a new folder and return the steps.

    A training that moves a frozen parameter, or none of a part that it trains, raises PipelineError and writes nothing.
    """
    make_deterministic(derive_seed(settings.seed, "train", settings.recipe.name), settings.threads, settings.device)
    recipe = cast(Recipe, load("recipes", settings.recipe.name))
    task = recipe.prepare(settings.recipe, material)
    steps: list[Step] = []
    movement: Movement | None = None
    if isinstance(settings.recipe, Optimisation):
        from pipeline_lib.training.loop import (
            train,
        )  # takes seconds, which other recipes save

        movement = Movement(task, any(row.images for row in material.rows))
        steps = train(task, settings.recipe, settings, resume)
    with whole_weights(task.model):
        if is_first():
            if movement is not None:
                movement.check()
            task.save(folder)
    wait_for_all()
    return steps
