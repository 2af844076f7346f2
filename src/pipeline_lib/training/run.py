"""The train stage: run the recipe that the settings name."""

from pathlib import Path
from typing import cast

from pipeline_lib.core.registry import load
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.training.determinism import make_deterministic
from pipeline_lib.training.settings import Optimisation, TrainSettings
from pipeline_lib.training.task import Material, Recipe


def train_recipe(material: Material, settings: TrainSettings, folder: Path) -> list[float]:
    """Write the checkpoint that a recipe makes into a new folder and return the loss of every step."""
    make_deterministic(derive_seed(settings.seed, "train", settings.recipe.name), settings.threads)
    recipe = cast(Recipe, load("recipes", settings.recipe.name))
    task = recipe.prepare(settings.recipe, material)
    losses: list[float] = []
    if isinstance(settings.recipe, Optimisation):
        from pipeline_lib.training.loop import train  # takes seconds, which a recipe without steps need not wait

        losses = train(task, settings.recipe, settings)
    task.save(folder)
    return losses
