"""Partial rehearsals: a study on some rows and questions of its own data.

It shares with the full study what it uses whole, such as question files and published weights. Smaller artefacts have
names of their own: datasets that hold only images, tables, and weights whose tokenizer is trained on tables.
"""

from math import ceil
from typing import Iterator

from pipeline_lib.config.problem import Problem
from pipeline_lib.config.renaming import Tree, renamed
from pipeline_lib.config.study import BenchmarkUse, Study, Table

PREFIX = "partial-"
LEAST = 2  # rows of a subset: if one is unusable, one remains


def limited_datasets(study: Study) -> set[str]:
    """Return the datasets of which only the images in use are fetched; none without a limit.

    A dataset that also holds a table's file, questions, gold or weights is fetched whole: which of its files are needed
    is known only after the fetch.
    """
    if study.limit is None:
        return set()
    uses: list[Table | BenchmarkUse] = [*study.tables.values(), *study.benchmarks.values()]
    files = {use.dataset for use in uses} | {use.gold for use in study.benchmarks.values()}
    files |= {weights.dataset for weights in study.weights.values()}
    return {name for use in uses for name in use.images} - files


def two_rehearsals(study: Study) -> Iterator[Problem]:
    """Yield a problem if a study sets both `smoke` and `limit`."""
    if study.smoke and study.limit is not None:
        limit = study.limit.model_dump()
        yield Problem(("limit",), "a smoke run has no real data to limit", limit, "remove `smoke` or `limit`")


def in_part(study: Study) -> Tree:
    """Return the tree of a study with a limit; its smaller parts have names of their own."""
    tree = study.model_dump(mode="json")
    images = limited_datasets(study)
    rows = study.limit.rows if study.limit else None
    prefixed = {
        "datasets": images,
        "tables": set(study.tables),
        "weights": {name for name, weights in study.weights.items() if weights.tables},
    }
    small = {"datasets": {name: _fewer_jobs(dataset, name in images) for name, dataset in tree["datasets"].items()}}
    if rows is not None:
        small["subsets"] = {name: _smaller(subset, rows) for name, subset in tree["subsets"].items()}
        small["trainings"] = {name: _shorter(training, rows) for name, training in tree["trainings"].items()}
    return renamed({**tree, **small}, PREFIX, prefixed)


def _fewer_jobs(dataset: Tree, limited: bool) -> Tree:
    """Return a dataset, with one shard if it is limited: one job fetches the few images in use."""
    return {**dataset, "shards": 1} if limited else dataset


def _smaller(subset: Tree, rows: int) -> Tree:
    """Return a subset with its count as a fraction of the limit's rows; a fraction leaves at least LEAST rows."""
    sample = subset["sample"]
    if not {"count", "fraction"} <= sample.keys():
        return subset
    share = sample["fraction"] if sample["count"] is None else sample["count"] / rows
    return {**subset, "sample": {**sample, "count": None, "fraction": min(1.0, max(share, LEAST / rows))}}


def _shorter(training: Tree, rows: int) -> Tree:
    """Return a training; if it sets `steps`, at most as many as pass over the limit's rows once."""
    recipe = training["recipe"]
    if recipe.get("steps") is None:
        return training
    return {**training, "recipe": {**recipe, "steps": min(recipe["steps"], ceil(rows / recipe["batch_size"]))}}
