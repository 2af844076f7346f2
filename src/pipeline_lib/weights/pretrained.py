"""Weights `pretrained`: third-party weights from a dataset.

Their metadata must agree with what the study states. The family takes them: models in the hub's layout are linked and
get a card; LLaVAs in the original's layout, adapters and projectors are converted.
"""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from pipeline_lib.core.plugins import PluginName
from pipeline_lib.models.card import ImageShape, ModelKind
from pipeline_lib.weights.base import WeightsInputs, WeightsKind


class Settings(WeightsKind):
    """What the files hold and, for a LLaVA or an adapter, the conversation template, which no file states."""

    computes: ClassVar[bool] = False

    kind: Literal["pretrained"]
    holds: ModelKind = Field(description="what the files hold")
    family: Annotated[str, PluginName("families", members=("take", "unused_files"))] = Field(
        default="llava", description="the family of models: a folder in pipeline_lib/families"
    )
    below: str = Field(default="", description="the folder of the dataset that holds them")
    template: Annotated[str, PluginName("prompts", loaded=False)] | None = Field(
        default=None, description="for a LLaVA or an adapter: the conversation template"
    )
    image_shape: ImageShape | None = Field(
        default=None,
        description="for a LLaVA or an adapter whose files do not state it: pad, images are padded to a square; "
        "square, cropped to the centre",
    )

    @model_validator(mode="after")
    def _prompted_settings(self) -> Self:
        prompted = self.holds in ("vlm", "adapter")
        if prompted != (self.template is not None):
            raise ValueError("`template` is required for a LLaVA or an adapter, and allowed for nothing else")
        if not prompted and self.image_shape is not None:
            raise ValueError("`image_shape` is allowed for a LLaVA or an adapter only")
        return self

    def model_kind(self) -> ModelKind:
        """Return the kind of model that these weights are."""
        return self.holds

    def model_family(self) -> str:
        """Return the family, which reads the files."""
        return self.family

    def model_template(self) -> str | None:
        """Return the conversation template."""
        return self.template

    def origin(self, inputs: WeightsInputs, seed: int) -> dict[str, Any]:
        """Return the source of the tensors, and the unread weights files."""
        from pipeline_lib.models.family import load_family

        unused = load_family(self.family).unused_files(self.files(inputs), self.holds)
        return {"tensors": "files of the dataset", "unused_files": unused}

    def files(self, inputs: WeightsInputs) -> dict[str, Path]:
        """Return the files of the model by their paths relative to its folder."""
        prefix = f"{self.below.strip('/')}/" if self.below else ""
        return {name.removeprefix(prefix): path for name, path in inputs.files.items() if name.startswith(prefix)}

    def takes_tower(self) -> bool:
        """Return whether the tower may come from another model: the original's layout holds none."""
        return self.holds == "vlm"


def make(settings: Settings, inputs: WeightsInputs, seed: int, folder: Path) -> None:
    """Write the model into a new folder, linked or converted, with a card."""
    from pipeline_lib.models.card import Stated
    from pipeline_lib.models.family import load_family

    stated = Stated(settings.holds, settings.template, settings.image_shape)
    load_family(settings.family).take(settings.files(inputs), stated, inputs.tower, folder)
