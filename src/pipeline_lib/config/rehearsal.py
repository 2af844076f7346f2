"""Rehearsals: a study on stand-ins (`smoke`) or on a part of its data (`limit`), with marked scores.

What a rehearsal uses whole, such as question files and published weights, it shares with the full study. Smaller
artefacts have names of their own: datasets that hold only images, tables, and weights whose tokenizer is trained on
tables; in a smoke run, all of data/.
"""

from math import ceil
from typing import Any, Collection, Iterator, Literal, Mapping

from pipeline_lib.config.names import Ref
from pipeline_lib.config.problem import Problem
from pipeline_lib.config.study import BenchmarkUse, Dataset, Run, Study, Weights
from pipeline_lib.core.annotated import annotated

Stamp = Literal["SMOKE", "PARTIAL"]
Tree = dict[str, Any]  # a study as built-in types
Names = Mapping[str, Collection[str]]  # by the part of the study whose entries they name

IN_DATA = ("datasets", "tables", "weights")  # the parts whose artefacts are in data/, which studies share
TOKENS = 8  # longest answer in a smoke run: random models do not end their answers


def stamp(study: Study, use: BenchmarkUse | None = None) -> Stamp | None:
    """Return the mark on a rehearsal's scores, or on those of part of a benchmark; else None."""
    if study.smoke:
        return "SMOKE"
    in_part = study.limit is not None or (use is not None and use.in_part)
    return "PARTIAL" if in_part else None


def stamp_text(study: Study, use: BenchmarkUse) -> str | None:
    """Return the mark on a benchmark's scores and what it means, None where they are a result."""
    if stamp(study):
        return f"{stamp(study)}: a rehearsal, not a result"
    part = f"the first {use.slice} questions" if use.slice else f"about {use.limit} of its questions"
    return f"PARTIAL: {part}, not the benchmark's number" if use.in_part else None


def rehearsed(study: Study) -> Study:
    """Return the study as it runs: itself, or a rehearsal, whose smaller entries have names of their own."""
    if study.smoke:
        return Study.model_validate(_in_smoke(study))
    return study if study.limit is None else Study.model_validate(_in_part(study))


def rehearsal_problems(study: Study) -> Iterator[Problem]:
    """Yield a problem if a study sets both `smoke` and `limit`, and one for every stand-in that a smoke run lacks."""
    if study.smoke and study.limit is not None:
        limit = study.limit.model_dump()
        yield Problem(("limit",), "a smoke run has no real data to limit", limit, "remove `smoke` or `limit`")
    if study.smoke:
        if study.runs and not _with_stand_ins(study).runs:
            what = "a smoke run asks no server, and all runs of this study do"
            yield Problem(("runs",), what, ", ".join(study.runs), "rehearse it with a `limit`")
        used = _datasets(_with_stand_ins(study))
        datasets = {name: dataset for name, dataset in study.datasets.items() if name in used}
        yield from _without_stand_in("datasets", datasets)
        yield from _without_stand_in("weights", study.weights)


def _without_stand_in(part: str, entries: Mapping[str, Dataset | Weights]) -> Iterator[Problem]:
    for name, entry in entries.items():
        if entry.smoke is None:
            yield Problem((part, name), "a smoke run needs a stand-in", name, "add `smoke`")


def limited_datasets(study: Study) -> set[str]:
    """Return the datasets of which only the images in use are fetched; none without a limit.

    A dataset that also holds a table's file, questions, gold or weights is fetched whole: which of its files are needed
    is known only after the fetch.
    """
    return _datasets(study, images=True) - _datasets(study, images=False) if study.limit else set()


def _datasets(study: Study, images: bool | None = None) -> set[str]:
    """Return the datasets that other entries name: for their images, for other files, or, with None, for either."""
    refs = ((ref, name) for _, ref, name in annotated(study, Ref) if "datasets" in ref.parts)
    return {name for ref, name in refs if images is None or ref.images == images}


def _with_stand_ins(study: Study) -> Study:
    """Return a study with the stand-ins of its weights in their place; weights without one are left out.

    Judges are left out: they did not read the answers of small random models. So are runs of models behind servers,
    which have no stand-in; a checkpoint that a server of the workflow loads is asked in the job itself, and one in half
    precision in float32.
    """
    stand_ins = {name: entry.smoke for name, entry in study.weights.items() if entry.smoke}
    weights = {name: Weights.model_validate(stand_in.model_dump()) for name, stand_in in stand_ins.items()}
    uses = {name: use.model_copy(update={"judge": None, "replies": None}) for name, use in study.benchmarks.items()}
    runs = {
        name: run.model_copy(update={"engine": Run(model=run.model).engine}) if _unlike_a_smoke_run(run) else run
        for name, run in study.runs.items()
        if not run.engine.brings_model
    }
    return study.model_copy(update={"weights": weights, "benchmarks": uses, "runs": runs})


def _unlike_a_smoke_run(run: Run) -> bool:
    return run.engine.serves_model or not run.engine.rounds_alike()


def _in_smoke(study: Study) -> Tree:
    """Return the tree of a smoke run: small sources, weights and answers; one process on the CPU."""
    small = _with_stand_ins(study)
    used = _datasets(small)
    datasets = {name: dataset for name, dataset in study.datasets.items() if name in used}
    small = small.model_copy(update={"datasets": datasets})
    tree = _renamed(small, "smoke-", {part: getattr(small, part) for part in IN_DATA})
    for dataset in tree["datasets"].values():
        dataset.update(source=dataset["smoke"], shards=1)
    for table in tree["tables"].values():
        for part in table["conversations"]["sets"].values():
            part.update(length=None)
    _rehearse_samples(study, tree, None)
    for training in tree["trainings"].values():
        training.update(devices={})
    for use in tree["benchmarks"].values():
        use["decoding"].update(max_new_tokens=TOKENS)
    return {**tree, "device": "cpu"}


def _in_part(study: Study) -> Tree:
    """Return the tree of a study with a limit."""
    trained = [name for name, entry in study.weights.items() if entry.tables]
    smaller = {"datasets": limited_datasets(study), "tables": study.tables, "weights": trained}
    small = {name: study.datasets[name].model_copy(update={"shards": 1}) for name in smaller["datasets"]}  # few images
    tree = _renamed(study.model_copy(update={"datasets": {**study.datasets, **small}}), "partial-", smaller)
    rows = study.limit.rows if study.limit else None
    if rows is not None:
        _rehearse_samples(study, tree, rows)
        for training in tree["trainings"].values():
            training.update(recipe=_shorter(training["recipe"], rows))
    return tree


def _rehearse_samples(study: Study, tree: Tree, rows: int | None) -> None:
    """Replace the samples of a tree by those for a rehearsal, whose tables have so many rows, or a few."""
    for name, subset in study.subsets.items():
        tree["subsets"][name].update(sample=subset.sample.rehearsed(rows).model_dump(mode="json"))


def _shorter(recipe: Tree, rows: int) -> Tree:
    """Return a recipe; if it sets `steps`, at most as many as pass over the limit's rows once."""
    if recipe.get("steps") is None:
        return recipe
    return {**recipe, "steps": min(recipe["steps"], ceil(rows / recipe["batch_size"]))}


def _whole(study: Study) -> Tree:
    """Return a study's tree, the means of its engines and judges included."""
    tree: Tree = study.model_dump(mode="json")
    for name, run in study.runs.items():
        _add(tree["runs"][name]["engine"], run.engine.means())
    for name, use in study.benchmarks.items():
        if use.judge is not None:
            _add(tree["benchmarks"][name]["judge"], use.judge.means())
    return tree


def _add(settings: Tree, means: Tree) -> None:
    """Add means to settings, also to those within them."""
    for name, value in means.items():
        if isinstance(settings.get(name), dict) and isinstance(value, dict):
            _add(settings[name], value)
        else:
            settings[name] = value


def _renamed(study: Study, prefix: str, smaller: Names) -> Tree:
    """Return a study's tree with `prefix` before the names in `smaller`, where they are defined and referred to."""
    tree = _whole(study)
    for (*above, last), ref, name in annotated(study, Ref):
        if any(name in smaller.get(part, ()) for part in ref.parts):
            node: Any = tree
            for part in above:
                node = node[part]
            node[last] = prefix + name
    for part, names in smaller.items():
        tree[part] = {prefix + name if name in names else name: entry for name, entry in tree[part].items()}
    return tree
