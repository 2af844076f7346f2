"""Which trainings the runs of a study need, and which weights and family a training's model is of."""

from typing import Iterator

from pipeline_lib.config.names import Ref
from pipeline_lib.config.study import Study
from pipeline_lib.core.annotated import annotated
from pipeline_lib.models.card import FAMILY
from pipeline_lib.recipes.base import Multimodal


def read_conversations(study: Study) -> list[str]:
    """Return the trainings that the study's runs need and whose recipe reads conversations about images, sorted."""
    return [name for name in needed_trainings(study) if isinstance(study.trainings[name].recipe, Multimodal)]


def needed_trainings(study: Study) -> list[str]:
    """Return the trainings that the study's runs need, sorted."""
    needed: set[str] = set()
    models = {run.model for run in study.runs.values()}
    while models:
        name = models.pop()
        if name in study.trainings and name not in needed:
            needed.add(name)
            training = study.trainings[name]
            models |= {model for _, ref, model in annotated(training, Ref) if "trainings" in ref.parts}
    return sorted(needed)


def origins(study: Study, name: str) -> tuple[str, str | None]:
    """Return the weights of the language model and of the vision tower that a training's LLaVA was composed of.

    No training changes the tokenizer or the image size, so these weights determine how conversations are tokenised,
    before anything is trained. A published LLaVA is already composed: its second name is None.
    """
    training = study.trainings[name]
    while training.start in study.trainings and study.model_kind(training.start) == "llava":
        training = study.trainings[training.start]
    composed = study.model_kind(training.start) == "language" and training.tower is not None
    return _weights_of(study, training.start), _weights_of(study, str(training.tower)) if composed else None


def model_family(study: Study, name: str) -> str:
    """Return the family of a model, or of what is composed of it; weights that name none are of the first family."""
    return study.weights[_weights_of(study, name)].make.model_family() or FAMILY


def _weights_of(study: Study, name: str) -> str:
    return list(_back(study, name))[-1]


def _back(study: Study, name: str) -> Iterator[str]:
    """Yield a model, the model it starts from, and so on to the starting weights."""
    yield name
    while name in study.trainings:
        name = study.trainings[name].start
        yield name
