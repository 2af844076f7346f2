"""Rehearsals: a study on stand-ins. Its artefacts lie apart from the study's own; its scores say what they are."""

from typing import Any, Iterator, Literal

from pipeline_lib.config.problem import Problem
from pipeline_lib.config.study import Study

Stamp = Literal["SMOKE"]

SHARED = {"datasets", "tables", "weights"}  # lie in data/
REFERENCES = {  # the keys of a part that name entries of another
    "datasets": {},
    "tables": {"dataset": "datasets", "images": "datasets"},
    "subsets": {"table": "tables"},
    "weights": {"tables": "tables", "dataset": "datasets"},
    "trainings": {"start": "weights", "tower": "weights", "projector": "weights"},
    "runs": {"model": "weights"},
    "benchmarks": {"dataset": "datasets", "gold": "datasets", "images": "datasets"},
}
TOKENS = 8  # longest answer in a smoke run: random models do not end their answers


def stamp(study: Study) -> Stamp | None:
    """Return what the scores of a rehearsal are marked with, None for a study in earnest."""
    return "SMOKE" if study.smoke else None


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
    """Return the study as it runs: itself, or with stand-ins under names of their own where `smoke` is set."""
    if not study.smoke:
        return study
    return Study.model_validate(_in_smoke(study.model_dump(mode="json"), _datasets_in_smoke(study)))


def _in_smoke(tree: dict[str, Any], used: set[str]) -> dict[str, Any]:
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
    return _renamed({**small, "device": "cpu"}, "smoke-")


def _renamed(tree: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Return the tree with `prefix` before the names of all that lies in data/, which studies share."""

    def new(part: str, name: Any) -> Any:
        if isinstance(name, list):
            return [new(part, item) for item in name]
        return f"{prefix}{name}" if name in tree[part] else name

    def entry(part: str, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, **{key: new(other, found[key]) for key, other in REFERENCES[part].items()}}

    renamed = {part: {new(part, name): entry(part, found) for name, found in tree[part].items()} for part in SHARED}
    others = {
        part: {name: entry(part, found) for name, found in tree[part].items()} for part in REFERENCES.keys() - SHARED
    }
    for found in renamed["weights"].values():
        if found["learn"]:
            found["learn"] = {**found["learn"], "table": new("tables", found["learn"]["table"])}
    return {**tree, **renamed, **others}
