"""Estimate the sizes, steps and rate of a training that has not run, from present files and records."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline_lib.config.ancestry import origins
from pipeline_lib.config.study import Study
from pipeline_lib.core.text import read_object
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.models.base import Base
from pipeline_lib.models.card import NAME as CARD
from pipeline_lib.training.memory import Need, Sizes, need, sizes_of
from pipeline_lib.training.settings import Optimisation, RecipeSettings
from pipeline_lib.training.task import TrainingInputs

SPEED = ("name", "batch_size", "max_length", "rank", "order")  # keys of a recipe that affect its rate


def training_sizes(study: Study, name: str) -> Sizes | None:
    """Return the sizes of a training, None where its weights are missing.

    A LLaVA that another training makes need not exist: it has the shapes of the weights that it is composed of.
    """
    training = study.trainings[name]
    if study.model_kind(name) == "vlm":
        start, tower = origins(study, name)
    else:
        start, tower = training.start, None
    folders = [Path("data/weights") / part for part in (start, tower) if part is not None]
    if not all((folder / CARD).is_file() for folder in folders):
        return None
    base = Base(folders[0], folders[1] if tower is not None else None)
    return sizes_of(_drawing(training.recipe), TrainingInputs(base, [], ImageReader([]), study.seed))


def _drawing(recipe: RecipeSettings) -> RecipeSettings:
    """Return a recipe that draws its projector at random; the origin of a projector changes no size."""
    return recipe.model_copy(update={"projector": "random"}) if "projector" in type(recipe).model_fields else recipe


def training_need(study: Study, name: str, sizes: Sizes, results: Path) -> Need | None:
    """Return the memory of one process of a training, None for a training without steps."""
    training = study.trainings[name]
    recipe, devices = training.recipe, training.devices
    if not isinstance(recipe, Optimisation):
        return None
    path = results / f"previews/{name}.verdict.json"
    longest = read_object(path)["longest"] if path.is_file() else None
    return need(sizes, devices, devices.rows(recipe.batch_size), longest)


def steps_of(study: Study, name: str, results: Path) -> int | None:
    """Return the optimiser steps of a training, None where its rows are not sampled yet."""
    recipe = study.trainings[name].recipe
    if not isinstance(recipe, Optimisation):
        return 0
    if recipe.steps is not None:
        return recipe.steps
    path = results / f"subsets/{study.trainings[name].subset}.parquet"
    if not path.is_file():
        return None
    return recipe.steps_over(int(pq.read_metadata(path).num_rows))


def seconds_a_step(records: list[MadeRecord], settings: dict[str, Any], sizes: Sizes) -> float | None:
    """Return the rate of the newest recorded training with equal recipe, sizes and device, None where there is none."""
    alike = [
        record
        for record in records
        if record.stage == "train"
        and record.succeeded
        and record.notes.get("timed_steps")
        and record.notes.get("sizes") == [sizes.parameters, sizes.trained]
        and _speed(record.settings) == _speed(settings)
    ]
    newest = max(alike, key=lambda record: record.started, default=None)
    return None if newest is None else newest.notes["timed_seconds"] / newest.notes["timed_steps"]


def _speed(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a train job that affect its rate."""
    recipe = {name: settings["recipe"].get(name) for name in SPEED}
    return {"recipe": recipe, **{name: settings.get(name) for name in ("threads", "numerics", "device", "devices")}}
