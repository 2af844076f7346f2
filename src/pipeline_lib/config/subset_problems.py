"""Check how subsets are chosen: a strategy that reads embeddings needs the CLIP that makes them, and no other does."""

from typing import Iterator

from pipeline_lib.config.ancestry import models_behind, subsets_behind
from pipeline_lib.config.problem import Key, Problem
from pipeline_lib.config.study import Study, Subset
from pipeline_lib.sampling.base import EmbeddedShare


def subset_problems(study: Study) -> Iterator[Problem]:
    """Yield a problem for a subset without the CLIP that its strategy needs, or with one that does not fit."""
    models = {**study.weights, **study.trainings}
    for name, subset in study.subsets.items():
        key: Key = ("subsets", name, "embedded_by")
        yield from _strategy(key, subset)
        model = subset.embedded_by
        if model is None or model not in models:
            continue
        if study.model_kind(model) != "clip":
            kind = study.model_kind(model)
            yield Problem(key, f"this is a model of kind {kind}; expected clip", model, "name a CLIP")
        elif name in _subsets_behind(study, model):
            what = "this CLIP is trained on the subset that it is to choose"
            yield Problem(key, what, model, "name weights, or a training on another subset")
        if subset.table in study.tables and not study.tables[subset.table].images:
            yield Problem(key, "the rows of this table have no images to embed", subset.table, "remove it")


def _strategy(key: Key, subset: Subset) -> Iterator[Problem]:
    strategy, needs = subset.sample.strategy, isinstance(subset.sample, EmbeddedShare)
    if needs and subset.embedded_by is None:
        what = f"the strategy {strategy} reads embeddings"
        yield Problem(key[:-1], what, strategy, "add `embedded_by: NAME`, weights or a training of kind CLIP")
    if not needs and subset.embedded_by is not None:
        yield Problem(key, f"the strategy {strategy} reads no embeddings", subset.embedded_by, "remove it")


def _subsets_behind(study: Study, model: str) -> set[str]:
    """Return the subsets that a model was trained on, or any model behind it, and those that they hold out."""
    trainings = (study.trainings[name] for name in models_behind(study, [model]) if name in study.trainings)
    subsets = (name for training in trainings for name in (training.subset, training.validation) if name is not None)
    return subsets_behind(study, subsets)
