"""Names that do not fit together: what a type cannot see, found before anything runs."""

from dataclasses import dataclass
from typing import Iterator, Mapping

from pipeline_lib.config.study import BenchmarkUse, Study, Training
from pipeline_lib.core.errors import suggest
from pipeline_lib.core.registry import load
from pipeline_lib.recipes.base import Prompting
from pipeline_lib.training.settings import Optimisation

Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One fault of a configuration: the key it stands under, what is wrong, the value, and a hint."""

    key: Key
    what: str
    value: object
    hint: str = ""


def problems(study: Study) -> list[Problem]:
    """Return every reference that leads nowhere, in the order of the tree."""
    found = [
        *_tables(study),
        *_subsets(study),
        *_weights(study),
        *_trainings(study),
        *_runs(study),
        *_benchmarks(study),
    ]
    return [*found, *_circles(study)]


def _missing(key: Key, name: str, known: Mapping[str, object], kind: str) -> Iterator[Problem]:
    if name not in known:
        yield Problem(key, f"no such {kind}", name, suggest(name, known))


def _images(key: Key, datasets: list[str], study: Study) -> Iterator[Problem]:
    for place, name in enumerate(datasets):
        yield from _missing((*key, place), name, study.datasets, "dataset")
        if name in study.datasets and study.datasets[name].convert is None:
            yield Problem(
                (*key, place), "the images of this dataset are not made usable", name, "give the dataset a `convert`"
            )


def _tables(study: Study) -> Iterator[Problem]:
    for name, table in study.tables.items():
        yield from _missing(("tables", name, "dataset"), table.dataset, study.datasets, "dataset")
        yield from _images(("tables", name, "images"), table.images, study)


def _subsets(study: Study) -> Iterator[Problem]:
    for name, subset in study.subsets.items():
        yield from _missing(("subsets", name, "table"), subset.table, study.tables, "table")


def _weights(study: Study) -> Iterator[Problem]:
    for name, weights in study.weights.items():
        for place, table in enumerate(weights.tables):
            yield from _missing(("weights", name, "tables", place), table, study.tables, "table")
        if weights.learn is not None:
            yield from _missing(("weights", name, "learn", "table"), weights.learn.table, study.tables, "table")
        if name in study.trainings:
            yield Problem(("weights", name), "weights and a training share this name", name, "rename one of them")


def _trainings(study: Study) -> Iterator[Problem]:
    models = {**study.weights, **study.trainings}
    for name, training in study.trainings.items():
        key = ("trainings", name)
        yield from _missing((*key, "start"), training.start, models, "weights or training")
        if training.tower is not None:
            yield from _missing((*key, "tower"), training.tower, models, "weights or training")
        if training.subset is not None:
            yield from _missing((*key, "subset"), training.subset, study.subsets, "subset")
        yield from _steps(key, training)


def _steps(key: Key, training: Training) -> Iterator[Problem]:
    takes_steps = isinstance(training.recipe, Optimisation)
    if takes_steps and training.subset is None:
        yield Problem(key, "this recipe needs a `subset` to train on", training.recipe.name)
    if not takes_steps and training.subset is not None:
        yield Problem(
            (*key, "subset"), f"the recipe {training.recipe.name} trains on nothing", training.subset, "remove it"
        )


def _runs(study: Study) -> Iterator[Problem]:
    for name, run in study.runs.items():
        key = ("runs", name, "model")
        yield from _missing(key, run.model, study.trainings, "training")
        if run.model in study.trainings and not isinstance(study.trainings[run.model].recipe, Prompting):
            yield Problem(key, "this training does not make a LLaVA, so it cannot answer questions", run.model)


def _benchmarks(study: Study) -> Iterator[Problem]:
    for name, use in study.benchmarks.items():
        key = ("benchmarks", name)
        yield from _missing((*key, "dataset"), use.dataset, study.datasets, "dataset")
        yield from _images((*key, "images"), use.images, study)
        yield from _protocol(key, use)


def _protocol(key: Key, use: BenchmarkUse) -> Iterator[Problem]:
    protocols = load("benchmarks", use.benchmark).PROTOCOLS
    if use.protocol not in protocols:
        yield Problem(
            (*key, "protocol"), f"{use.benchmark} has no such protocol", use.protocol, suggest(use.protocol, protocols)
        )


def _circles(study: Study) -> Iterator[Problem]:
    for name in study.trainings:
        seen = [name]
        while seen[-1] in study.trainings and study.trainings[seen[-1]].start not in seen:
            seen.append(study.trainings[seen[-1]].start)
        if seen[-1] in study.trainings:
            yield Problem(
                ("trainings", name, "start"), "trainings start from each other in a circle", " from ".join(seen)
            )
            return
