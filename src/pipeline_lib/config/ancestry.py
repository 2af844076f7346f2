"""Which trainings the runs of a study need, and which weights and family a training's model is of."""

from typing import Iterable, Iterator

from pipeline_lib.config.names import Ref
from pipeline_lib.config.study import Composition, Study
from pipeline_lib.core.annotated import annotated
from pipeline_lib.models.card import FAMILY
from pipeline_lib.recipes.base import Multimodal


def read_conversations(study: Study) -> list[str]:
    """Return the trainings that the study's runs need and whose recipe reads conversations about images, sorted."""
    return [name for name in needed_trainings(study) if isinstance(study.trainings[name].recipe, Multimodal)]


def needed_trainings(study: Study) -> list[str]:
    """Return the trainings that the study's runs need, sorted."""
    models = models_behind(study, [run.model for run in study.runs.values() if run.model is not None])
    return sorted(models & study.trainings.keys())


def models_behind(study: Study, models: Iterable[str]) -> set[str]:
    """Return some models, those that they start from or contain, and those that choose the rows of a training."""
    behind: set[str] = set()
    names = set(models)
    while names:
        name = names.pop()
        if name in behind:
            continue
        behind.add(name)
        base = study.composition(name) if name in study.weights or name in study.trainings else None
        parts = [] if base is None else list(annotated(base, Ref))
        subsets = subsets_behind(study, (part for _, ref, part in parts if "subsets" in ref.parts))
        names |= {model for _, ref, model in parts if "trainings" in ref.parts}
        names |= {model for subset in subsets if (model := study.subsets[subset].embedded_by) is not None}
    return behind


def subsets_behind(study: Study, subsets: Iterable[str]) -> set[str]:
    """Return some subsets of the study, those that they hold out, and so on."""
    behind: set[str] = set()
    names = set(subsets)
    while names:
        name = names.pop()
        if name in study.subsets and name not in behind:
            behind.add(name)
            holdout = study.subsets[name].holdout
            names |= set(holdout.subsets if holdout else ())
    return behind


def seen_subsets(study: Study, run: str) -> list[str]:
    """Return the subsets that a run's model, or a model that it was made of, was trained or validated on, sorted."""
    trainings = [study.trainings[name] for name in _models_of(study, run) if name in study.trainings]
    return sorted({name for each in trainings for name in (each.subset, each.validation) if name is not None})


def unknown_origins(study: Study, run: str) -> list[str]:
    """Return the published weights that a run's model was made of, sorted; or its engine, if that brings the model.

    The study does not have the data that these were trained on.
    """
    if study.runs[run].model is None:
        return [study.runs[run].engine.name]
    weights = [name for name in _models_of(study, run) if name in study.weights]
    return sorted(name for name in weights if study.weights[name].dataset is not None)


def _models_of(study: Study, run: str) -> set[str]:
    model = study.runs[run].model
    return set() if model is None else _made_of(study, {model})


def _made_of(study: Study, models: set[str]) -> set[str]:
    """Return models and all those that they were made of, back to the starting weights."""
    made_of, pending = set(models), set(models)
    while pending:
        base = study.composition(pending.pop())
        parts = set() if base is None else {name for _, ref, name in annotated(base, Ref) if "trainings" in ref.parts}
        pending |= parts - made_of
        made_of |= parts
    return made_of


def origins(study: Study, name: str) -> tuple[str, str | None]:
    """Return the weights of the language model and of the vision tower that a training's LLaVA was composed of.

    No training changes the tokenizer or the image size, so these weights determine how conversations are tokenised,
    before anything is trained; nor does an adapter. A published LLaVA is already composed: its second name is None.
    """
    base: Composition = study.trainings[name]
    while (inner := study.composition(base.start)) is not None and study.model_kind(base.start) == "vlm":
        base = inner
    composed = study.model_kind(base.start) == "language" and base.tower is not None
    return origin_of(study, base.start), origin_of(study, str(base.tower)) if composed else None


def model_family(study: Study, name: str) -> str:
    """Return the family of a model, or of what is composed of it; weights that name none are of the first family."""
    return study.weights[origin_of(study, name)].make.model_family() or FAMILY


def origin_of(study: Study, name: str) -> str:
    """Return the starting weights behind a model."""
    return list(_back(study, name))[-1]


def _back(study: Study, name: str) -> Iterator[str]:
    """Yield a model, the model it starts from or was trained on, and so on to the starting weights."""
    yield name
    while (base := study.composition(name)) is not None:
        name = base.start
        yield name
