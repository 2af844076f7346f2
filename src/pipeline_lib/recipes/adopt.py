"""Recipe `adopt`: an adapter that others trained, held against the model that it is said to belong to.

Nothing is trained. What comes out is an adapter like one of ours: it carries the digests of its base, and a run on it
asks the merged model.
"""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from pipeline_lib.core.plugins import Registered
from pipeline_lib.training.settings import RecipeSettings

if TYPE_CHECKING:
    from pipeline_lib.training.task import Task, TrainingInputs


class Settings(RecipeSettings):
    """How the model is spoken to, which no adapter says, and shown images, which some do."""

    saves: ClassVar[Literal["model", "adapter"]] = "adapter"
    adopts: ClassVar[bool] = True

    name: Literal["adopt"]
    template: Annotated[str, Registered("prompts")] = Field(
        description="the conversation template that it was trained with: a module in pipeline_lib/prompts"
    )
    image_shape: Literal["square", "pad"] | None = Field(
        default=None, description="where its files do not tell: pad, padded to a square; square, the middle is cropped"
    )

    def model_template(self) -> str | None:
        """Return the conversation template."""
        return self.template


def prepare(settings: Settings, material: "TrainingInputs") -> "Task":
    """Return a task that holds the shapes of the base, and saves the adapter that fits them."""
    from pipeline_lib.training.adopted import adopted_task

    return adopted_task(material, settings.template, settings.image_shape)
