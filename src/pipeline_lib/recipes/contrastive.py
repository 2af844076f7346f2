"""Recipe `contrastive`: train all of a CLIP model on images and their captions, with CLIP's symmetric loss.

It starts from a CLIP model; the result can be the `tower` of other trainings.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

from pipeline_lib.models.card import ModelKind
from pipeline_lib.training.settings import Optimisation

if TYPE_CHECKING:
    from pipeline_lib.training.task import Task, TrainingInputs


class Settings(Optimisation):
    """Settings of the recipe `contrastive`."""

    makes: ClassVar[ModelKind] = "clip"

    name: Literal["contrastive"]


def prepare(settings: Settings, material: "TrainingInputs") -> "Task":
    """Return the task of training a CLIP model."""
    from pipeline_lib.training.contrast import contrastive_task

    return contrastive_task(material)
