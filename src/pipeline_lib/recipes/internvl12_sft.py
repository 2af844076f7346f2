"""Recipe `internvl12_sft`: the tuning of InternVL-Chat-V1.2, all of the model: 512 rows a step.

Source: OpenGVLab/InternVL 2410d1d, `internvl_chat/shell/internvl1.2/hermes2_yi34b`; its DeepSpeed clips at 1.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from pipeline_lib.models.card import Card, PixelShuffle
from pipeline_lib.models.parts import Part
from pipeline_lib.recipes.base import Order, Shape, TemplateName
from pipeline_lib.recipes.full import FullSettings
from pipeline_lib.training.settings import BatchSize, ClipNorm, Epochs, LearningRate, WeightDecay

if TYPE_CHECKING:
    from pipeline_lib.training.task import Task, TrainingInputs


class Settings(FullSettings):
    """The published values as defaults."""

    trains: ClassVar[tuple[Part, ...]] = ("language", "projector", "vision")

    name: Literal["internvl12_sft"]
    template: TemplateName = "hermes_2"
    image_shape: Shape = "square"
    order: Order = "length"
    learning_rate: LearningRate = 1e-5
    batch_size: BatchSize = 512
    epochs: Epochs = 1.0
    weight_decay: WeightDecay = 0.05
    clip_norm: ClipNorm = 1.0
    drop_path: float = Field(
        default=0.4, ge=0, lt=1, description="share of images that skip a branch of the vision tower's last layer"
    )
    pixel_shuffle: PixelShuffle = Field(
        default="v1",
        description="the order of an image's tokens in a model composed here: v1, as in the released model's card; v2, "
        "as in transformers' InternVL",
    )

    def card(self) -> Card:
        """Return the card of the model that this recipe makes."""
        return super().card().model_copy(update={"pixel_shuffle": self.pixel_shuffle})


def prepare(settings: Settings, material: "TrainingInputs") -> "Task":
    """Return the task of training the whole model."""
    from pipeline_lib.recipes import full
    from pipeline_lib.training.drop_path import add_drop_path

    task = full.prepare(settings, material)
    add_drop_path(task.model, settings.drop_path)
    return task
