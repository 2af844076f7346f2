"""Recipe `contrastive`: train all of a CLIP model on images and their captions, with CLIP's symmetric loss or SigLIP's.

It starts from a CLIP model; the result can be the `tower` of other trainings.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from pipeline_lib.models.card import ModelKind
from pipeline_lib.training.settings import Optimisation

if TYPE_CHECKING:
    from pipeline_lib.training.task import Task, TrainingInputs


class Settings(Optimisation):
    """Settings of the recipe `contrastive`."""

    makes: ClassVar[ModelKind] = "clip"

    name: Literal["contrastive"]
    loss: Literal["clip", "siglip"] = Field(
        default="clip",
        exclude_if=lambda loss: loss == "clip",  # the settings of earlier trainings stay as they were
        description="`clip`: each image and text finds its partner in the batch; `siglip`: each pair is right or wrong "
        "alone, with a trained bias, which the checkpoint lacks",
    )

    def fewest_rows(self) -> int:
        """Return 2 for CLIP's loss, by which an image finds its text among those of the pass."""
        return 2 if self.loss == "clip" else 1


def prepare(settings: Settings, material: "TrainingInputs") -> "Task":
    """Return the task of training a CLIP model."""
    from pipeline_lib.training.contrast import contrastive_task

    return contrastive_task(material, settings.loss)
