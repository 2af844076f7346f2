"""Rehearsals: a study on stand-ins, or on a part of its data. What they make lies apart; their scores say so."""

from typing import Iterator, Literal

from pipeline_lib.config.partial import in_part
from pipeline_lib.config.problem import Problem
from pipeline_lib.config.renaming import SHARED, Tree, renamed
from pipeline_lib.config.study import Study

Stamp = Literal["SMOKE", "PARTIAL"]

TOKENS = 8  # longest answer in a smoke run: random models do not end their answers


def stamp(study: Study) -> Stamp | None:
    """Return what the scores of a rehearsal are marked with, None for a study in earnest."""
    if study.smoke:
        return "SMOKE"
    return None if study.limit is None else "PARTIAL"


def without_stand_in(study: Study) -> Iterator[Problem]:
    """Yield a problem for every dataset and weights that a smoke run would need and that name no stand-in."""
    if study.smoke:
        needed = {"datasets": _datasets_in_smoke(study), "weights": set(study.weights)}
        for part, names in needed.items():
            for name in sorted(names & getattr(study, part).keys()):
                if getattr(study, part)[name].smoke is None:
                    yield Problem((part, name), "a smoke run needs a stand-in", name, "give it a `smoke`")


def _datasets_in_smoke(study: Study) -> set[str]:
    """Return the datasets that a smoke run reads: those of tables and benchmarks, not the files of given weights."""
    named = [name for table in study.tables.values() for name in (table.dataset, *table.images)]
    named += [name for use in study.benchmarks.values() for name in (use.dataset, use.gold, *use.images) if name]
    return {*named, *(found.smoke.dataset for found in study.weights.values() if found.smoke and found.smoke.dataset)}


def rehearsed(study: Study) -> Study:
    """Return the study as it runs: itself, or a rehearsal of it, what is smaller there under names of its own."""
    if study.smoke:
        return Study.model_validate(_in_smoke(study.model_dump(mode="json"), _datasets_in_smoke(study)))
    return study if study.limit is None else Study.model_validate(in_part(study))


def _in_smoke(tree: Tree, used: set[str]) -> Tree:
    """Return the tree of a smoke run: small sources, weights, answers; one process on the processor."""
    datasets = {
        name: {**found, "source": found["smoke"], "shards": 1}
        for name, found in tree["datasets"].items()
        if name in used
    }
    trainings = {name: {**found, "devices": {}} for name, found in tree["trainings"].items()}
    benchmarks = {
        name: {**found, "decoding": {**found["decoding"], "max_new_tokens": TOKENS}}
        for name, found in tree["benchmarks"].items()
    }
    weights = {name: found["smoke"] for name, found in tree["weights"].items()}
    small = {**tree, "datasets": datasets, "trainings": trainings, "benchmarks": benchmarks, "weights": weights}
    return renamed({**small, "device": "cpu"}, "smoke-", {part: set(small[part]) for part in SHARED})
