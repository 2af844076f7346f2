"""Recipe `lora`: train low-rank adapters in the language model and the whole projector; the vision tower is frozen.

Defaults are those of haotian-liu/LLaVA c121f04, `scripts/v1_5/finetune_lora.sh` and `llava/train/train.py`.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.recipes.base import LanguageAndProjector

if TYPE_CHECKING:
    from pipeline_lib.training.task import Task, TrainingInputs


class LoraSettings(LanguageAndProjector):
    """Settings of recipes that train low-rank adapters and the projector."""

    saves: ClassVar[Literal["model", "adapter"]] = "adapter"

    rank: int = Field(default=128, gt=0, le=131_072, description="rank of the update of every linear layer")
    alpha: int = Field(default=256, gt=0, le=1_000_000, description="the update is scaled by alpha / rank")
    dropout: float = Field(default=0.05, ge=0, lt=1, description="dropout before every update")


class Settings(LoraSettings):
    """Settings of the recipe `lora`."""

    name: Literal["lora"]


def prepare(settings: LoraSettings, material: "TrainingInputs") -> "Task":
    """Return the task of training adapters and projector, which alone are saved."""
    from pipeline_lib.models.adapter import add_lora, save_lora
    from pipeline_lib.models.opening import family_of
    from pipeline_lib.training.multimodal import multimodal_task

    how = (settings.order, settings.as_original, settings.draws_projector())
    task = multimodal_task(material, settings.card(), settings.max_length, settings.trains, *how)
    seed = derive_seed(material.seed, "train", "lora")
    model = add_lora(task.model, family_of(material.base), settings.rank, settings.alpha, settings.dropout, seed)
    card = settings.adapter_card(material.base)
    return replace(task, model=model, save=lambda folder: save_lora(model, folder, card))
