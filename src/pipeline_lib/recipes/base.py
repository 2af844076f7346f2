"""Settings that recipes for vision-language models share: template, image shape, projector, order of rows, length."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pipeline_lib.core.plugins import PluginName
from pipeline_lib.models.base import Base
from pipeline_lib.models.card import Card, ImageShape, read_card
from pipeline_lib.models.parts import Part
from pipeline_lib.training.settings import Optimisation, RecipeSettings

# As in training/settings.py, so that a recipe can state its own defaults.
TemplateName = Annotated[
    Annotated[str, PluginName("prompts")],
    Field(description="the conversation template: a module in pipeline_lib/prompts"),
]
Shape = Annotated[
    ImageShape,
    Field(description="pad: images are padded to a square; square: images are cropped to the central square"),
]
Order = Annotated[
    Literal["random", "modality", "length"],
    Field(
        description="random; modality: rows with and without image never share a step, rows of similar length do; "
        "length: the passes and processes of a step share its rows so that each has about as much text"
    ),
]
MaxLength = Annotated[
    int, Field(gt=0, le=2**27, description="maximum number of tokens in a conversation, including the image's")
]
ProjectorRate = Annotated[
    float | None,
    Field(gt=0, description="learning rate of the projector, if it differs from that of the other parameters"),
]


class Prompting(RecipeSettings):
    """The conversation template and image shape of a model, which its checkpoint records.

    `trains` names the parts of the model whose parameters are trained; all others are frozen.
    """

    trains: ClassVar[tuple[Part, ...]] = ()

    template: TemplateName = "vicuna_v1"
    image_shape: Shape = "pad"

    def model_template(self) -> str | None:
        """Return the conversation template."""
        return self.template

    def card(self) -> Card:
        """Return the card of the model that this recipe makes."""
        return Card(kind="vlm", template=self.template, image_shape=self.image_shape)

    def adapter_card(self, base: Base) -> Card:
        """Return the card of an adapter for a base, of whose family it is."""
        family = read_card(base.start).family
        return Card(
            kind="adapter", family=family, template=self.template, image_shape=self.image_shape, base=base.digests
        )


class DeclaredProjector(Prompting):
    """Settings of recipes that use a random projector only on request."""

    projector: Literal["random"] | None = Field(
        default=None,
        description="random: drawn from the study's seed if neither the training's `start` nor its `projector` "
        "supplies one; without this setting such a training is refused",
    )

    def draws_projector(self) -> bool:
        """Return whether the study requests a random projector."""
        return self.projector == "random"


class Multimodal(Optimisation, Prompting):
    """Settings of every recipe that trains a vision-language model on conversations."""

    order: Order = "random"
    as_original: bool = Field(
        default=False,
        description="rows in the order that the original code draws from the study's seed, truncated and labelled as "
        "in that code, including its mistakes (docs/parity.md)",
    )
    max_length: MaxLength = 2048


class LanguageAndProjector(Multimodal, DeclaredProjector):
    """Settings of recipes that train the language model and the projector, optionally at different learning rates."""

    projector_learning_rate: ProjectorRate = None

    def own_rates(self) -> dict[Part, float]:
        """Return the projector's learning rate, if it has one of its own."""
        return {"projector": self.projector_learning_rate} if self.projector_learning_rate else {}
