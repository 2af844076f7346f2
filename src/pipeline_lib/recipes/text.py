"""Recipe `text`: train all of a language model on conversations without images.

It starts from a language model.
"""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, cast

from pydantic import Field

from pipeline_lib.core.plugins import PluginName, load
from pipeline_lib.models.card import ModelKind
from pipeline_lib.prompts.base import Template
from pipeline_lib.training.settings import Optimisation

if TYPE_CHECKING:
    from pipeline_lib.training.task import Task, TrainingInputs


class Settings(Optimisation):
    """Settings of the recipe `text`."""

    makes: ClassVar[ModelKind] = "language"

    name: Literal["text"]
    template: Annotated[str, PluginName("prompts")] = Field(
        default="vicuna_v1", description="the conversation template: a module in pipeline_lib/prompts"
    )
    max_length: int = Field(default=2048, gt=0, le=2**27, description="maximum number of tokens in a conversation")


def prepare(settings: Settings, material: "TrainingInputs") -> "Task":
    """Return the task of training a language model."""
    from pipeline_lib.training.language import language_task

    return language_task(material, cast(Template, load("prompts", settings.template)), settings.max_length)
