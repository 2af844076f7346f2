"""Recipe `prototypes`: train CLIP's vision tower to find the class of an image among texts, which are frozen.

The loss is the cross-entropy of an image against the texts of all classes. It starts from a CLIP model; the result can
be the `tower` of other trainings, or answer by the engine `nearest_text`. With `validation` rows the best epoch is the
result.
Source: wanglihx/LLaVA-OA 8cfac12, `3-clip/cliptrain.py`.
"""

from typing import TYPE_CHECKING, Annotated, Callable, ClassVar, Literal

from pydantic import Field, model_validator

from pipeline_lib.core.settings import Settings as Base
from pipeline_lib.models.card import ModelKind
from pipeline_lib.sampling.base import LabelKind
from pipeline_lib.training.settings import Optimisation

if TYPE_CHECKING:
    from typing import Self

    from pipeline_lib.training.task import Task, TrainingInputs


class ClassText(Base):
    """A class: its label in the rows, and the text that images of it are trained to be near to."""

    label: str = Field(min_length=1, description="the label of its rows")
    text: str = Field(min_length=1, description="the text that describes it")


class EpochRates(Base):
    """The learning rate by epoch: it rises in equal steps, then falls by a factor at intervals."""

    warmup: int = Field(default=0, ge=0, le=100_000, description="epochs in which it rises, the last at its peak")
    every: int = Field(gt=0, le=100_000, description="epochs behind the warm-up after which it falls, again and again")
    factor: float = Field(gt=0, le=1, description="what it is multiplied by")

    def share(self, epoch: int) -> float:
        """Return the share of the learning rate in an epoch, from 0."""
        if epoch < self.warmup:
            return (epoch + 1) / self.warmup
        return float(self.factor ** ((epoch - self.warmup) // self.every))


Classes = Annotated[
    list[ClassText], Field(min_length=2, max_length=10_000, description="the classes, in the order of their scale")
]
Rates = Annotated[
    EpochRates | None, Field(description="the learning rate by epoch, in place of `schedule` and `warmup`")
]


class PrototypeSettings(Optimisation):
    """Settings of recipes that train CLIP against the texts of classes."""

    makes: ClassVar[ModelKind] = "clip"

    classes: Classes
    label: LabelKind = "folder"
    best: Literal["mae", "accuracy", "loss"] = Field(
        default="mae",
        description="what is best in the best epoch, on the rows for validation; `mae`: the mean distance from the "
        "right class in the order of `classes`",
    )
    epoch_rates: Rates = None

    def best_by(self) -> str:
        """Return the metric by which an epoch is the best."""
        return self.best

    def rates(self) -> Callable[[int], float] | None:
        """Return the share of the learning rate by epoch, if it is stated so."""
        return super().rates() if self.epoch_rates is None else self.epoch_rates.share

    @model_validator(mode="after")
    def _distinct(self) -> "Self":
        labels = [each.label for each in self.classes]
        if len(set(labels)) < len(labels):
            raise ValueError("two classes have the same label")
        texts = [each.text.strip() for each in self.classes]
        if len(set(texts)) < len(texts):
            raise ValueError("two classes have the same text, by which no image tells them apart")
        return self

    @model_validator(mode="after")
    def _one_schedule(self) -> "Self":
        if self.epoch_rates is not None and self.rate_factor is not None:
            raise ValueError("give either epoch_rates or schedule: step")
        return self


class Settings(PrototypeSettings):
    """Settings of the recipe `prototypes`."""

    name: Literal["prototypes"]


def prepare(settings: PrototypeSettings, material: "TrainingInputs") -> "Task":
    """Return the task of training the vision tower, its projection and the scale of the cosines."""
    from pipeline_lib.training.class_texts import class_task

    texts, labels = [each.text for each in settings.classes], [each.label for each in settings.classes]
    return class_task(material, texts, labels, settings.label, settings.best)
