"""Settings that recipes share. Whatever changes the weights stands here or in the recipe, and nowhere else."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline_lib.core.plugin import Plugin
from pipeline_lib.core.settings import Settings
from pipeline_lib.weights.base import WeightsKind


class RecipeSettings(Settings):
    """Settings of a recipe; `name` names its module."""

    name: str = Field(description="how the stage trains: a module in pipeline_lib/recipes")


class Optimisation(RecipeSettings):
    """How any recipe that takes steps optimises: AdamW with warm-up, a schedule and explicit clipping."""

    learning_rate: float = Field(gt=0, description="the largest, reached after the warm-up")
    batch_size: int = Field(gt=0, description="rows per optimiser step")
    epochs: float | None = Field(default=None, gt=0, description="passes over the subset; or give steps")
    steps: int | None = Field(default=None, gt=0, description="optimiser steps; or give epochs")
    schedule: Literal["cosine", "linear", "constant"] = Field(
        default="cosine", description="how the learning rate falls after the warm-up"
    )
    warmup: float = Field(default=0.03, ge=0, lt=1, description="share of the steps over which the learning rate rises")
    weight_decay: float = Field(default=0.0, ge=0, description="AdamW's; norms and biases are spared")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="AdamW's, of the running mean of gradients")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="AdamW's, of the running mean of their squares")
    clip_norm: float = Field(ge=0, description="largest gradient norm; 0 does not clip")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("give either epochs or steps")
        return self


class WeightsSettings(Settings):
    """What one weights job needs to know."""

    make: Annotated[WeightsKind, Plugin("weights", key="kind")]
    tables: list[str] = Field(default=[], description="the tables of the tokenizer's texts, in their order")
    lesson: str | None = Field(default=None, description="the table that is learnt")
    learn: Annotated[RecipeSettings, Plugin("recipes", key="name")] | None = None
    seed: int
    threads: int = Field(ge=1)
    device: Literal["cpu", "cuda"] = "cpu"


class TrainSettings(Settings):
    """What one train job needs to know."""

    recipe: Annotated[RecipeSettings, Plugin("recipes", key="name")]
    seed: int
    threads: int = Field(ge=1)
    device: Literal["cpu", "cuda"] = "cpu"
