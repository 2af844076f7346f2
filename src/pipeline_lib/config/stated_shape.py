"""The shape of published weights, as a study states it: a language model, a vision tower, or both parts of a LLaVA."""

from pydantic import Field

from pipeline_lib.core.settings import Settings
from pipeline_lib.models.shapes import LlamaShape, VisionShape


class LanguageShape(LlamaShape):
    """Keys of a language model's config.json."""

    vocab_size: int = Field(ge=1, le=4_000_000, description="rows of the vocabulary")


class StatedShape(Settings):
    """The shape of published weights, for `vlmflow plan` before their files are here; no job depends on it."""

    language: LanguageShape | None = Field(default=None, description="keys of the language model's config.json")
    vision: VisionShape | None = Field(default=None, description="keys of the vision tower's part of config.json")
