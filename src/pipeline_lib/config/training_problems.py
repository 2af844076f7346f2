"""Check what a training states about itself: its rows, how devices share its steps, how it is sharded."""

from typing import Iterator

from pipeline_lib.config.problem import Key, Problem, problem_of
from pipeline_lib.config.study import Training
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.training.settings import Devices, Optimisation
from pipeline_lib.training.zero import checked, own_settings


def training_problems(key: Key, training: Training) -> Iterator[Problem]:
    """Yield a problem for every setting of a training that contradicts another one of it."""
    yield from _rows(key, training)
    yield from _validation((*key, "validation"), training)
    if isinstance(training.recipe, Optimisation):
        yield from _passes(key, training.recipe, training.devices)
        yield from _sharding((*key, "devices"), training.recipe, training.devices)


def _rows(key: Key, training: Training) -> Iterator[Problem]:
    takes_steps = isinstance(training.recipe, Optimisation)
    if takes_steps and training.subset is None:
        yield Problem(key, "this recipe needs a `subset` to train on", training.recipe.name)
    if not takes_steps and training.subset is not None:
        what = f"the recipe {training.recipe.name} does not train"
        yield Problem((*key, "subset"), what, training.subset, "remove it")


def _validation(key: Key, training: Training) -> Iterator[Problem]:
    if training.validation is not None and training.recipe.best_by() is None:
        what = f"the recipe {training.recipe.name} validates no rows"
        yield Problem(key, what, training.validation, "remove it")
    if training.validation is not None and training.validation == training.subset:
        what = "this training is validated on the rows that it learns from"
        yield Problem(key, what, training.validation, "name another subset, or remove it")


def _passes(key: Key, recipe: Optimisation, devices: Devices) -> Iterator[Problem]:
    """Yield a problem for steps that the devices cannot share, and for a pass with too few rows for the loss."""
    try:
        rows = devices.rows(recipe.batch_size)
    except ValueError as error:
        hint = _sizes_that_fit(recipe.batch_size, devices)
        yield Problem((*key, "devices"), str(error), devices.model_dump(), hint)
        return
    if rows < recipe.fewest_rows():
        what = f"a pass has {rows} row, and the loss of {recipe.name} compares {recipe.fewest_rows()} or more: it is 0"
        yield Problem((*key, "recipe", "batch_size"), what, recipe.batch_size, "raise it, or the micro_batch")


def _sizes_that_fit(batch_size: int, devices: Devices) -> str:
    """Return which sizes of a pass make steps of `batch_size` rows, or that no size does."""
    share, rest = divmod(batch_size, devices.processes)
    if rest or not share:
        where = f"no micro_batch fits {devices.processes} processes"
        return f"{where}: change the number of GPUs, or the recipe's batch_size"
    sizes = [str(size) for size in range(1, share + 1) if share % size == 0]
    return f"a micro_batch that fits: {', '.join(sizes)}"


def _sharding(key: Key, recipe: Optimisation, devices: Devices) -> Iterator[Problem]:
    """Yield a problem for a sharded CLIP, and for settings of DeepSpeed that contradict the recipe."""
    if recipe.makes == "clip" and devices.sharding != "none":
        what = "a CLIP cannot be sharded: the scale of its cosines is a single number, which has no parts"
        yield Problem((*key, "sharding"), what, devices.sharding, "remove `sharding`")
    try:
        settings = own_settings(devices)
        if settings is not None:
            checked(settings, devices, recipe.clip_norm)
    except PipelineError as error:
        yield problem_of((*key, "deepspeed"), error, devices.deepspeed)
