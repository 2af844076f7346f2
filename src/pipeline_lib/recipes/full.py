"""Recipe `full`: train the language model and the projector; the vision tower is frozen.

It starts from a LLaVA, or from a language model, a `tower` and a `projector`.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

from pipeline_lib.models.parts import Part
from pipeline_lib.recipes.base import LanguageAndProjector

if TYPE_CHECKING:
    from pipeline_lib.training.task import Task, TrainingInputs


class FullSettings(LanguageAndProjector):
    """Settings of recipes that train the language model and the projector."""

    trains: ClassVar[tuple[Part, ...]] = ("language", "projector")


class Settings(FullSettings):
    """Settings of the recipe `full`."""

    name: Literal["full"]


def prepare(settings: FullSettings, material: "TrainingInputs") -> "Task":
    """Return the task of training these parts."""
    from pipeline_lib.training.multimodal import multimodal_task

    how = (settings.order, settings.as_original, settings.draws_projector())
    return multimodal_task(material, settings.card(), settings.max_length, settings.trains, *how)
