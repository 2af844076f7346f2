"""Settings that recipes for LLaVA share: how the model is spoken to, and how long its conversations may be."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline_lib.core.plugins import Registered
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

    def model_template(self) -> str | None:
        """Return the conversation template."""
        return self.template

    def card(self) -> Card:
        """Return the card of the model that this recipe makes."""
        return Card(kind="llava", template=self.template, image_shape=self.image_shape)

    def adapter_card(self, base: dict[str, str]) -> Card:
        """Return the card of an adapter to the models whose digests are `base`."""
        return Card(kind="adapter", template=self.template, image_shape=self.image_shape, base=base)


class DeclaredProjector(Prompting):
    """Settings of recipes for which a random projector is the exception, and must be asked for."""

    projector: Literal["random"] | None = Field(
        default=None,
        description="random: drawn from the study's seed, where neither the training's `start` nor its `projector` "
        "brings one; without it such a training is refused",
    )

    def draws_projector(self) -> bool:
        """Return whether the study asks for a random projector."""
        return self.projector == "random"


class Multimodal(Optimisation, Prompting):
    """Settings of every recipe that trains a LLaVA on conversations."""

    order: Literal["random", "modality"] = Field(
        default="random",
        description="random; modality: rows with and without image never share a step, rows of like length do",
    )
    faithful: bool = Field(
        default=False,
        description="rows in the order that the original code draws from the study's seed, cut and labelled as there, "
        "its mistakes included (docs/parity.md)",
    )
    max_length: int = Field(default=2048, gt=0, le=2**27, description="tokens of a conversation, the image's included")


class LanguageAndProjector(Multimodal, DeclaredProjector):
    """Settings of recipes that train the projector beside the language model, if wanted at a rate of its own."""

    projector_learning_rate: float | None = Field(
        default=None, gt=0, description="learning rate of the projector, where it is not that of the rest"
    )

    def own_rates(self) -> dict[str, float]:
        """Return the projector's learning rate, if it has its own."""
        return {"multi_modal_projector": self.projector_learning_rate} if self.projector_learning_rate else {}
