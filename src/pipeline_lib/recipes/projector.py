"""Recipe `projector`: train the projector alone; the language model and the vision tower are frozen.

It starts from a LLaVA, or from a language model and a `tower`; then the projector is random or the training's
`projector`.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from pipeline_lib.models.parts import Part
from pipeline_lib.recipes.base import Multimodal

if TYPE_CHECKING:
    from pipeline_lib.training.task import Task, TrainingInputs


class ProjectorSettings(Multimodal):
    """Settings of recipes that train the projector alone."""

    trains: ClassVar[tuple[Part, ...]] = ("projector",)
    saves: ClassVar[Literal["model", "adapter"]] = "adapter"

    def draws_projector(self) -> bool:
        """Return True: this recipe trains the projector, so it may start random."""
        return True


class Settings(ProjectorSettings):
    """Settings of the recipe `projector`."""

    name: Literal["projector"]


def prepare(settings: ProjectorSettings, material: "TrainingInputs") -> "Task":
    """Return the task of training a projector, which alone is saved."""
    from pipeline_lib.models.projector_file import save_projector
    from pipeline_lib.training.multimodal import multimodal_task

    how = (settings.order, settings.as_original, settings.draws_projector())
    task = multimodal_task(material, settings.card(), settings.max_length, settings.trains, *how)
    card = settings.adapter_card(material.base)
    prefixes = task.parts["projector"]
    return replace(task, save=lambda folder: save_projector(task.model, prefixes, folder, card))
