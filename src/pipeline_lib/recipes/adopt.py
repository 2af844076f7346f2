"""Recipe `adopt`: check a third-party adapter against the base model that the study names.

Nothing is trained. The result is an adapter of this workflow: it records the digests of its base, and runs evaluate the
merged model.
"""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from pipeline_lib.core.plugins import PluginName
from pipeline_lib.models.card import ImageShape
from pipeline_lib.training.settings import RecipeSettings

if TYPE_CHECKING:
    from pipeline_lib.training.task import Task, TrainingInputs


class Settings(RecipeSettings):
    """The conversation template, which no adapter states, and the image shape, which some adapters state."""

    saves: ClassVar[Literal["model", "adapter"]] = "adapter"
    adopts: ClassVar[bool] = True

    name: Literal["adopt"]
    template: Annotated[str, PluginName("prompts")] = Field(
        description="the conversation template that the adapter was trained with: a module in pipeline_lib/prompts"
    )
    image_shape: ImageShape | None = Field(
        default=None,
        description="if the files do not state it: pad, images are padded to a square; square, cropped to the centre",
    )

    def model_template(self) -> str | None:
        """Return the conversation template."""
        return self.template


def prepare(settings: Settings, material: "TrainingInputs") -> "Task":
    """Return a task with the base's shapes that saves the adapter once it matches them."""
    from pipeline_lib.training.adopted import adopted_task

    return adopted_task(material, settings.template, settings.image_shape)
