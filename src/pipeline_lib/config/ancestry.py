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
        subsets = [study.subsets[part] for _, ref, part in parts if "subsets" in ref.parts and part in study.subsets]
        names |= {model for _, ref, model in parts if "trainings" in ref.parts}
        names |= {subset.embedded_by for subset in subsets if subset.embedded_by is not None}
    return behind


def origins(study: Study, name: str) -> tuple[str, str | None]:
    """Return the weights of the language model and of the vision tower that a training's LLaVA was composed of.

    No training changes the tokenizer or the image size, so these weights determine how conversations are tokenised,
    before anything is trained; nor does an adapter. A published LLaVA is already composed: its second name is None.
    """
    base: Composition = study.trainings[name]
    while (inner := study.composition(base.start)) is not None and study.model_kind(base.start) == "vlm":
        base = inner
    composed = study.model_kind(base.start) == "language" and base.tower is not None
    return _weights_of(study, base.start), _weights_of(study, str(base.tower)) if composed else None


def model_family(study: Study, name: str) -> str:
    """Return the family of a model, or of what is composed of it; weights that name none are of the first family."""
    return study.weights[_weights_of(study, name)].make.model_family() or FAMILY


def _weights_of(study: Study, name: str) -> str:
    return list(_back(study, name))[-1]


def _back(study: Study, name: str) -> Iterator[str]:
    """Yield a model, the model it starts from or was trained on, and so on to the starting weights."""
    yield name
    while (base := study.composition(name)) is not None:
        name = base.start
        yield name
