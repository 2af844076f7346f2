"""Recipe `assemble`: combine a language model and a vision tower into a LLaVA; nothing is trained.

It starts from a language model and needs a `tower`, and either a `projector` or the setting `projector: random`.
"""

from typing import TYPE_CHECKING, Literal

from pipeline_lib.recipes.base import DeclaredProjector

if TYPE_CHECKING:
    from pipeline_lib.training.task import Task, TrainingInputs


class Settings(DeclaredProjector):
    """Settings of the recipe `assemble`."""

    name: Literal["assemble"]


def prepare(settings: Settings, material: "TrainingInputs") -> "Task":
    """Return a task that holds the assembled model."""
    from pipeline_lib.models.projector_file import expect_shape
    from pipeline_lib.training.multimodal import multimodal_task

    if material.base.projector is not None:
        expect_shape(material.base.projector, settings.image_shape)
    return multimodal_task(
        material, settings.card(), max_length=1, trains=settings.trains, draws_projector=settings.draws_projector()
    )
