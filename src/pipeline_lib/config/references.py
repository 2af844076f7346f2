"""Check a study's references, which types cannot check: every name must exist and be of the right kind."""

from typing import Iterator, Mapping

from pipeline_lib.benchmarks.families.protocols import RANKED
from pipeline_lib.config.benchmark_data import classes_of, data_of, is_judged, takes_judge
from pipeline_lib.config.holdout_problems import holdout_problems
from pipeline_lib.config.names import Ref
from pipeline_lib.config.problem import Key, Problem
from pipeline_lib.config.rehearsal import rehearsal_problems
from pipeline_lib.config.study import BenchmarkUse, Composition, Run, Study, Training, Weights
from pipeline_lib.config.subset_problems import subset_problems
from pipeline_lib.config.training_problems import training_problems
from pipeline_lib.core.annotated import annotated
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.core.plugins import load
from pipeline_lib.prompts.base import question
from pipeline_lib.recipes.base import DeclaredProjector
from pipeline_lib.scoring.published import models_of


def problems(study: Study) -> list[Problem]:
    """Return a problem for every reference that is wrong."""
    return [
        *_names(study),
        *_tables(study),
        *subset_problems(study),
        *_weights(study),
        *_trainings(study),
        *_runs(study),
        *_benchmarks(study),
        *rehearsal_problems(study),
        *_cycles(study),
        *holdout_problems(study),
    ]


def _names(study: Study) -> Iterator[Problem]:
    """Yield a problem for every name that no entry has, and for images of a dataset without `convert`."""
    for key, ref, name in annotated(study, Ref):
        known = [entry for part in ref.parts for entry in getattr(study, part)]
        if name not in known:
            yield Problem(key, f"no such {ref.kind}", name, suggest(name, known))
        elif ref.images and study.datasets[name].convert is None:
            hint = "add `convert` to the dataset"
            yield Problem(key, "the images of this dataset are not converted", name, hint)


def _tables(study: Study) -> Iterator[Problem]:
    """Yield a problem for a table of labelled images that are those of another dataset, or of several."""
    for name, table in study.tables.items():
        if table.conversations.question is not None and table.images != [table.dataset]:
            what = "a table with `question` has a row for every image of its dataset"
            yield Problem(("tables", name, "images"), what, table.images, f"write `images: [{table.dataset}]`")


def _weights(study: Study) -> Iterator[Problem]:
    for name, weights in study.weights.items():
        yield from _adapter(("weights", name), weights, study)
        if weights.tower is not None:
            kinds = ("clip",) if weights.make.takes_tower() else ()
            yield from _model(("weights", name, "tower"), weights.tower, kinds, study.weights, study)
        if name in study.trainings:
            yield Problem(("weights", name), "weights and a training share this name", name, "rename one of them")


def _adapter(key: Key, weights: Weights, study: Study) -> Iterator[Problem]:
    """Yield a problem for an adapter without a base, other weights with one, and a base of other kinds."""
    base, kind = weights.base, weights.make.model_kind()
    if base is None and kind == "adapter":
        yield Problem(key, "an adapter needs a `base`: what it was trained on", kind, "add `base: {start: NAME}`")
    if base is not None and kind != "adapter":
        yield Problem((*key, "base"), f"these weights are of kind {kind}, and only an adapter has a base", kind)
    if base is not None:
        yield from _composition((*key, "base"), base, "vlm", study)


def _trainings(study: Study) -> Iterator[Problem]:
    for name, training in study.trainings.items():
        key = ("trainings", name)
        yield from _composition(key, training, training.recipe.makes, study)
        if training.recipe.makes == "clip" and _without_images(training, study):
            yield Problem((*key, "subset"), "CLIP learns from images, and this subset has none", training.subset)
        yield from _projector(key, training, study)
        yield from training_problems(key, training)


def _composition(key: Key, base: Composition, makes: str, study: Study) -> Iterator[Problem]:
    """Yield a problem for every part of a start that is of another kind than a model of kind `makes` needs."""
    models = {**study.weights, **study.trainings}
    whole = makes == "vlm"
    for part, kinds in {
        "start": ("vlm", "language") if whole else (makes,),
        "tower": ("clip", "vision") if whole else (),
        "projector": ("projector",) if whole else (),
    }.items():
        model = getattr(base, part)
        if model is not None:
            yield from _model((*key, part), model, kinds, models, study)
    alone = whole and base.tower is None and base.start in models
    if alone and study.model_kind(base.start) == "language":
        yield Problem(key, "a language model needs a `tower` to become a LLaVA", base.start, "add `tower`")


def _without_images(training: Training, study: Study) -> bool:
    subset = study.subsets.get(str(training.subset))
    return subset is not None and subset.table in study.tables and not study.tables[subset.table].images


def _model(
    key: Key, name: str, kinds: tuple[str, ...], models: Mapping[str, object], study: Study
) -> Iterator[Problem]:
    """Yield a problem for a model of another kind; `_names` yields one for a name that is not in `models`."""
    if name in models:
        kind = study.model_kind(name)
        if kind not in kinds:
            expected = " or ".join(kinds) or "no model"
            yield Problem(key, f"this is a model of kind {kind}; expected {expected}", name)


def _projector(key: Key, training: Training, study: Study) -> Iterator[Problem]:
    """Yield a problem if a projector is neither provided nor drawn, or both."""
    recipe, models = training.recipe, {**study.weights, **study.trainings}
    if recipe.makes != "vlm" or training.start not in models:
        return
    has_projector = training.projector is not None or study.model_kind(training.start) == "vlm"
    if not has_projector and not recipe.draws_projector():
        yield Problem(
            key, "this training has no projector, and its recipe draws none", recipe.name,
            "name weights of kind projector as `projector`, or write `projector: random` in the recipe",
        )  # fmt: skip
    if has_projector and isinstance(recipe, DeclaredProjector) and recipe.draws_projector():
        yield Problem(
            (*key, "recipe", "projector"), "`start` or `projector` of this training provides a projector", "random",
            "remove `projector: random`, which has no effect",
        )  # fmt: skip


def _runs(study: Study) -> Iterator[Problem]:
    models = {**study.weights, **study.trainings}
    for name, run in study.runs.items():
        yield from _run_model(("runs", name), run)
        yield from _review(("runs", name, "review"), run, study)
        if run.on_collapse == "stop" and run.engine.asks == "clip":
            what = f"answers of the engine {run.engine.name} hold probabilities, by which equal classes differ"
            yield Problem(("runs", name, "on_collapse"), what, "stop", "remove it: the score is marked `collapsed`")
        if run.model is not None:
            yield from _model(("runs", name, "model"), run.model, (run.engine.asks,), models, study)
        known = {model for use in study.benchmarks.values() for model in models_of(load("benchmarks", use.benchmark))}
        if run.published is not None and run.published not in known:
            what = "no benchmark of this study states a figure of this model"
            yield Problem(("runs", name, "published"), what, run.published, suggest(run.published, known))


def _review(key: Key, run: Run, study: Study) -> Iterator[Problem]:
    """Yield a problem for a review by a model or in a template that has no further questions."""
    if run.review is not None and run.engine.asks != "vlm":
        what = f"the engine {run.engine.name} asks no second question"
        yield Problem(key, what, run.review.text, "remove `review`")
    if run.review is None or run.model not in {**study.weights, **study.trainings}:
        return
    if study.model_kind(run.model) == "vlm":
        template = study.model_template(run.model)
        try:
            question(load("prompts", template), "Is it?", 1, [("Yes", "Really?")])
        except PipelineError as error:
            hint = "remove `review`, or name a model of another template"
            yield Problem(key, f"the template {template} asks no second question", str(error).splitlines()[0], hint)


def _run_model(key: Key, run: Run) -> Iterator[Problem]:
    """Yield a problem for a run without the model that its engine needs, and for one that its engine does not run."""
    engine = run.engine.name
    if run.model is None and not run.engine.brings_model:
        hint = "add `model: NAME`, a training or weights of this study"
        yield Problem(key, f"the engine {engine} needs a model of the study", engine, hint)
    if run.model is not None and run.engine.brings_model:
        what = f"the engine {engine} runs no checkpoint: it names its own model"
        yield Problem((*key, "model"), what, run.model, "remove `model` of the run; the engine's is `engine.model`")


def _benchmarks(study: Study) -> Iterator[Problem]:
    for name, use in study.benchmarks.items():
        key = ("benchmarks", name)
        yield from _protocol(key, use)
        yield from _unasked(key, use, study)
        yield from _judge(key, use)
        yield from _classes(key, use, study)
        yield from _ranked(key, use, study)


def _classes(key: Key, use: BenchmarkUse, study: Study) -> Iterator[Problem]:
    """Yield a problem for a run whose engine needs the texts of classes, which neither it nor the benchmark states."""
    for name, run in study.runs.items():
        if run.engine.needs_classes() and not classes_of(use.benchmark):
            what = f"{use.benchmark} states no texts of classes, and neither does the engine of the run {name}"
            yield Problem(key, what, run.engine.name, "state `texts` of the engine, or ask another model")
        texts, classes = getattr(run.engine, "texts", None) or (), classes_of(use.benchmark)
        if texts and classes and len(texts) != len(classes):
            what = f"{use.benchmark} has {len(classes)} classes, and the engine states {len(texts)} texts"
            yield Problem(("runs", name, "engine", "texts"), what, texts, "state one for every class, in their order")


def _ranked(key: Key, use: BenchmarkUse, study: Study) -> Iterator[Problem]:
    """Yield a problem where no logits can rank the options, and where an answer would be more than one of them."""
    if use.protocol not in RANKED:
        return
    for name, run in study.runs.items():
        if not run.engine.ranks_choices:
            what = f"the engine {run.engine.name} of the run {name} shows no logits; {use.protocol} ranks by them"
            yield Problem((*key, "protocol"), what, use.protocol, "name another protocol, or ask another model")
        if run.review is not None:
            what = f"an answer by {use.protocol} is one token, which a review cannot change"
            yield Problem(("runs", name, "review"), what, run.review.text, "remove it, or name another protocol")
    if use.decoding.temperature or use.decoding.stop:
        what = f"{use.protocol} draws no tokens, and ends at none"
        yield Problem((*key, "decoding"), what, use.protocol, "remove `temperature` and `stop`")


def _unasked(key: Key, use: BenchmarkUse, study: Study) -> Iterator[Problem]:
    if not study.runs:
        yield Problem(key, "the study has no run to answer this benchmark", use.benchmark, "add a run, or remove it")
    if not use.scored and not hasattr(load("benchmarks", use.benchmark), "SUBMISSION"):
        hint = "remove `scored: false`"
        yield Problem((*key, "scored"), f"{use.benchmark} has no format for submissions", use.scored, hint)


def _judge(key: Key, use: BenchmarkUse) -> Iterator[Problem]:
    """Yield a problem for a judge of answers that none judges, and for files of replies that are lacking or unused."""
    judge = use.judge
    if judge is not None and not takes_judge(use.benchmark):
        yield Problem((*key, "judge"), f"no language model judges {use.benchmark}", judge.name, "remove it")
    elif judge is not None and judge.reads_files and use.replies is None:
        yield Problem((*key, "replies"), "this judge reads files of a dataset", judge.name, "name it as `replies`")
    elif use.replies is not None and (judge is None or not judge.reads_files):
        yield Problem((*key, "replies"), "no judge reads this dataset", use.replies, "name a `judge`, such as `file`")
    if judge is None or not judge.reads_files:
        yield from _quoted_gold(key, use)


def _quoted_gold(key: Key, use: BenchmarkUse) -> Iterator[Problem]:
    """Yield a problem for a judged benchmark without the gold file that requests quote: only recorded replies do."""
    file = data_of(use.benchmark).files.get("gold")
    if file is not None and use.files.gold is None and use.scored and is_judged(use.benchmark):
        what = f"requests about answers to {use.benchmark} quote its gold file"
        hint = f"add `gold: {file}`, or name the judge `file` with recorded replies"
        yield Problem((*key, "files"), what, use.files.model_dump(exclude_none=True), hint)


def _protocol(key: Key, use: BenchmarkUse) -> Iterator[Problem]:
    protocols = load("benchmarks", use.benchmark).PROTOCOLS
    if use.protocol not in protocols:
        yield Problem(
            (*key, "protocol"), f"{use.benchmark} has no such protocol", use.protocol, suggest(use.protocol, protocols)
        )


def _cycles(study: Study) -> Iterator[Problem]:
    bases = {**{name: weights.base for name, weights in study.weights.items()}, **study.trainings}
    for name in bases:
        seen = [name]
        while (base := bases.get(seen[-1])) is not None and base.start not in seen:
            seen.append(base.start)
        if base is not None:
            key: Key = ("trainings", name, "start") if name in study.trainings else ("weights", name, "base", "start")
            yield Problem(key, "models start from each other in a cycle", " from ".join(seen))
            return
