"""Settings that recipes for LLaVA share: how the model is spoken to, and how long its conversations may be."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline_lib.core.plugin import Registered
from pipeline_lib.models.card import Card
from pipeline_lib.training.settings import Optimisation, RecipeSettings


class Prompting(RecipeSettings):
    """How a LLaVA is spoken to and shown images; its checkpoint carries it on."""

    template: Annotated[str, Registered("prompts")] = Field(
        default="vicuna_v1", description="the conversation template: a module in pipeline_lib/prompts"
    )
    image_shape: Literal["square", "pad"] = Field(
        default="pad", description="pad: padded to a square; square: the middle is cropped"
    )

    def card(self) -> Card:
        """Return the card of the checkpoint that this recipe makes."""
        return Card(kind="llava", template=self.template, image_shape=self.image_shape)


class Multimodal(Optimisation, Prompting):
    """Settings of every recipe that trains a LLaVA on conversations."""

    max_length: int = Field(default=2048, gt=0, description="tokens of a conversation, the image's included")
