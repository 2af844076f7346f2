"""Partial rehearsals: a study on some rows and questions of its own data.

What is taken whole, such as question files and the weights of others, is the study's own and shared with it. What is
smaller lies apart: datasets that hold nothing but images, tables, and the weights whose tokenizer is trained on tables.
"""

from math import ceil
from typing import Iterator

from pipeline_lib.config.problem import Problem
from pipeline_lib.config.renaming import Tree, renamed
from pipeline_lib.config.study import BenchmarkUse, Study, Table

PREFIX = "partial-"
LEAST = 2  # rows of a subset by its share, so that one that cannot be used leaves one


def limited_datasets(study: Study) -> set[str]:
    """Return the datasets of which only the images in use are fetched; none without a limit.

    One that holds a table's file, questions, gold or weights as well is fetched whole: what it must have is not known
    before it is there.
    """
    if study.limit is None:
        return set()
    uses: list[Table | BenchmarkUse] = [*study.tables.values(), *study.benchmarks.values()]
    files = {use.dataset for use in uses} | {use.gold for use in study.benchmarks.values()}
    files |= {found.dataset for found in study.weights.values()}
    return {name for use in uses for name in use.images} - files


def two_rehearsals(study: Study) -> Iterator[Problem]:
    """Yield a problem where a study is to be rehearsed in two ways at once."""
    if study.smoke and study.limit is not None:
        limit = study.limit.model_dump()
        yield Problem(("limit",), "a smoke run has no real data to limit", limit, "remove `smoke` or `limit`")


def in_part(study: Study) -> Tree:
    """Return the tree of a study with a limit: its smaller parts under names of their own."""
    tree = study.model_dump(mode="json")
    images = limited_datasets(study)
    rows = study.limit.rows if study.limit else None
    own = {
        "datasets": images,
        "tables": set(study.tables),
        "weights": {name for name, found in study.weights.items() if found.tables},
    }
    small = {"datasets": {name: _fewer_jobs(found, name in images) for name, found in tree["datasets"].items()}}
    if rows is not None:
        small["subsets"] = {name: _smaller(found, rows) for name, found in tree["subsets"].items()}
        small["trainings"] = {name: _shorter(found, rows) for name, found in tree["trainings"].items()}
    return renamed({**tree, **small}, PREFIX, own)


def _fewer_jobs(dataset: Tree, limited: bool) -> Tree:
    """Return a dataset in one shard where it is limited: the few images that are in use are one job's work."""
    return {**dataset, "shards": 1} if limited else dataset


def _smaller(subset: Tree, rows: int) -> Tree:
    """Return a subset by its share of the rows: a count is one of the limit, and no share is without a row."""
    sample = subset["sample"]
    if not {"count", "fraction"} <= sample.keys():
        return subset
    share = sample["fraction"] if sample["count"] is None else sample["count"] / rows
    return {**subset, "sample": {**sample, "count": None, "fraction": min(1.0, max(share, LEAST / rows))}}


def _shorter(training: Tree, rows: int) -> Tree:
    """Return a training whose steps, where they are counted, pass over the rows of the limit once."""
    recipe = training["recipe"]
    if recipe.get("steps") is None:
        return training
    return {**training, "recipe": {**recipe, "steps": min(recipe["steps"], ceil(rows / recipe["batch_size"]))}}
