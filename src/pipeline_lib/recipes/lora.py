"""Recipe `lora`: train low-rank adapters in the language model and the whole projector; the vision tower is frozen.

Defaults are those of haotian-liu/LLaVA c121f04, `scripts/v1_5/finetune_lora.sh` and `llava/train/train.py`.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.recipes.base import LanguageAndProjector

if TYPE_CHECKING:
    from typing import Self

    from pipeline_lib.training.task import Task, TrainingInputs

# As in training/settings.py, so that a recipe can state its own defaults.
Rank = Annotated[int, Field(gt=0, le=131_072, description="rank of the update of every linear layer")]
Alpha = Annotated[int, Field(gt=0, le=1_000_000, description="the update is scaled by alpha / rank")]

# Left out of a study's settings where they change nothing: those of older trainings stay as they were.
Layers = Annotated[
    list[str] | None,
    Field(
        min_length=1,
        exclude_if=lambda layers: layers is None,
        description="last names of the language model's layers to update, such as q_proj; none: all linear layers",
    ),
]
TrainsProjector = Annotated[
    bool, Field(exclude_if=bool, description="whether the projector is trained too, as a whole; else it is frozen")
]


class LoraSettings(LanguageAndProjector):
    """Settings of recipes that train low-rank adapters and the projector."""

    saves: ClassVar[Literal["model", "adapter"]] = "adapter"

    rank: Rank = 128
    alpha: Alpha = 256
    dropout: float = Field(default=0.05, ge=0, lt=1, description="dropout before every update")
    layers: Layers = None
    trains_projector: TrainsProjector = True

    @model_validator(mode="after")
    def _frozen_projector(self) -> "Self":
        if not self.trains_projector and self.projector_learning_rate is not None:
            raise ValueError("projector_learning_rate has no effect with trains_projector: false; remove one of them")
        if not self.trains_projector and self.draws_projector():
            raise ValueError("an adapter lacks a random projector unless it trains it: remove trains_projector: false")
        return self


class Settings(LoraSettings):
    """Settings of the recipe `lora`."""

    name: Literal["lora"]


def prepare(settings: LoraSettings, material: "TrainingInputs") -> "Task":
    """Return the task of training adapters and projector, which alone are saved."""
    from pipeline_lib.models.adapter import Updates, add_lora, save_lora
    from pipeline_lib.models.opening import family_of
    from pipeline_lib.training.multimodal import multimodal_task

    how = (settings.order, settings.as_original, settings.draws_projector())
    task = multimodal_task(material, settings.card(), settings.max_length, settings.trains, *how)
    seed = derive_seed(material.seed, "train", "lora")
    size = (settings.rank, settings.alpha, settings.dropout)
    updates = Updates(*size, layers=settings.layers, projector=settings.trains_projector)
    model = add_lora(task.model, family_of(material.base), updates, seed)
    card = settings.adapter_card(material.base)
    return replace(task, model=model, save=lambda folder: save_lora(model, folder, card))
