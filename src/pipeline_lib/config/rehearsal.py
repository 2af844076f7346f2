"""Rehearsals: a study on stand-ins or on a part of its data, with separate artefacts and marked scores."""

from typing import Iterator, Literal

from pipeline_lib.config.partial import in_part
from pipeline_lib.config.problem import Problem
from pipeline_lib.config.renaming import SHARED, Tree, renamed
from pipeline_lib.config.study import Study

Stamp = Literal["SMOKE", "PARTIAL"]

TOKENS = 8  # longest answer in a smoke run: random models do not end their answers


def stamp(study: Study) -> Stamp | None:
    """Return the mark on a rehearsal's scores, None for a study that is no rehearsal."""
    if study.smoke:
        return "SMOKE"
    return None if study.limit is None else "PARTIAL"


def without_stand_in(study: Study) -> Iterator[Problem]:
    """Yield a problem for every dataset and weights that a smoke run needs and that have no stand-in."""
    if study.smoke:
        needed = {"datasets": _datasets_in_smoke(study), "weights": set(study.weights)}
        for part, names in needed.items():
            for name in sorted(names & getattr(study, part).keys()):
                if getattr(study, part)[name].smoke is None:
                    yield Problem((part, name), "a smoke run needs a stand-in", name, "add `smoke`")


def _datasets_in_smoke(study: Study) -> set[str]:
    """Return the datasets that a smoke run reads: those of tables, benchmarks and stand-in weights."""
    named = [name for table in study.tables.values() for name in (table.dataset, *table.images)]
    named += [name for use in study.benchmarks.values() for name in (use.dataset, use.gold, *use.images) if name]
    stand_ins = [weights.smoke for weights in study.weights.values() if weights.smoke]
    return {*named, *(weights.dataset for weights in stand_ins if weights.dataset)}


def rehearsed(study: Study) -> Study:
    """Return the study as it runs: itself, or a rehearsal, whose smaller parts have names of their own."""
    if study.smoke:
        return Study.model_validate(_in_smoke(study.model_dump(mode="json"), _datasets_in_smoke(study)))
    return study if study.limit is None else Study.model_validate(in_part(study))


def _in_smoke(tree: Tree, used: set[str]) -> Tree:
    """Return the tree of a smoke run: small sources, weights and answers; one process on the CPU."""
    datasets = {
        name: {**dataset, "source": dataset["smoke"], "shards": 1}
        for name, dataset in tree["datasets"].items()
        if name in used
    }
    trainings = {name: {**training, "devices": {}} for name, training in tree["trainings"].items()}
    benchmarks = {
        name: {**use, "decoding": {**use["decoding"], "max_new_tokens": TOKENS}}
        for name, use in tree["benchmarks"].items()
    }
    weights = {name: entry["smoke"] for name, entry in tree["weights"].items()}
    small = {**tree, "datasets": datasets, "trainings": trainings, "benchmarks": benchmarks, "weights": weights}
    return renamed({**small, "device": "cpu"}, "smoke-", {part: set(small[part]) for part in SHARED})
