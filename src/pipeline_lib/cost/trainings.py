"""Estimate the sizes, steps and rate of a training that has not run, from present files and records."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline_lib.config.ancestry import origin_of
from pipeline_lib.config.study import Study
from pipeline_lib.core.text import read_object
from pipeline_lib.cost.shapes import counts_of, start_of
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.models.counts import Config, Counts, clip_parameters
from pipeline_lib.recipes import contrastive, lora, prototypes
from pipeline_lib.recipes.base import Prompting
from pipeline_lib.training.need import Need, Rows, Sizes, need
from pipeline_lib.training.settings import Optimisation, RecipeSettings

SPEED = ("name", "batch_size", "max_length", "rank", "order")  # keys of a recipe that affect its rate


def training_sizes(study: Study, name: str) -> Sizes | None:
    """Return the sizes of a training, None where neither files nor the study have the shapes of its weights.

    They are those that the training itself counts (`training/memory.py`), without torch.
    """
    recipe = study.trainings[name].recipe
    if recipe.makes == "clip":
        start = start_of(study, origin_of(study, study.trainings[name].start))
        return None if start is None or "text_config" not in start.config else _clip_sizes(recipe, start.config)
    counts = counts_of(study, name)
    return None if counts is None else _sizes(recipe, counts)


def _clip_sizes(recipe: RecipeSettings, config: Config) -> Sizes | None:
    parts = clip_parameters(config)
    whole = sum(parts.values())
    if isinstance(recipe, prototypes.PrototypeSettings):
        return Sizes(whole, whole - parts["text"])
    if isinstance(recipe, contrastive.Settings):
        biased = whole + (recipe.loss == "siglip")
        return Sizes(biased, biased)
    return None


def _sizes(recipe: RecipeSettings, counts: Counts) -> Sizes | None:
    """Return the sizes of a recipe's training, None for a recipe whose trained parameters are not known here."""
    shape = vars(counts.text)
    whole = sum(counts.parts.values())
    if isinstance(recipe, lora.LoraSettings):
        updated = [layer for layer in counts.linear if recipe.layers is None or layer.name in recipe.layers]
        updates = recipe.rank * sum(layer.inputs + layer.outputs for layer in updated)
        trained = updates + (counts.parts["projector"] if recipe.trains_projector else 0)
        return Sizes(whole + trained, trained, **shape, trains="lora", rank=recipe.rank, dropout=recipe.dropout)
    if isinstance(recipe, Prompting):
        trained = sum(counts.parts[part] for part in recipe.trains)
        return Sizes(whole, trained, **shape, trains="all" if "language" in recipe.trains else "none")
    return Sizes(whole, whole, **shape) if recipe.makes == "language" else None


def rows_of(study: Study, name: str, results: Path) -> Rows | None:
    """Return the rows of a training's pass, None for a training without steps.

    Before its rows are counted, each may have as many tokens as the recipe takes, all trained.
    """
    training = study.trainings[name]
    recipe, devices = training.recipe, training.devices
    if not isinstance(recipe, Optimisation):
        return None
    path = results / f"previews/{name}.verdict.json"
    longest = read_object(path)["longest"] if path.is_file() else getattr(recipe, "max_length", None)
    return Rows(devices.rows(recipe.batch_size), longest, passes=devices.passes(recipe.batch_size))


def training_need(study: Study, name: str, sizes: Sizes, results: Path) -> Need | None:
    """Return the memory of one process of a training on its device, None for a training without steps."""
    rows = rows_of(study, name, results)
    return None if rows is None else need(sizes, study.trainings[name].devices, rows)


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
