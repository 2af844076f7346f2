"""Shapes of randomly initialised models: keys of transformers' configurations, each with its bounds.

Keys without a value have transformers' default.
"""

from typing import Any, Self

from pydantic import Field, model_validator

from pipeline_lib.core.settings import Settings

WIDEST = 131_072
DEEPEST = 1_000


class Shape(Settings):
    """Keys that all models have."""

    hidden_size: int = Field(ge=1, le=WIDEST, description="width of a layer")
    intermediate_size: int = Field(ge=1, le=8 * WIDEST, description="width of its feed-forward part")
    num_hidden_layers: int = Field(ge=1, le=DEEPEST, description="number of layers")
    num_attention_heads: int = Field(ge=1, le=WIDEST, description="attention heads of a layer; they divide its width")
    hidden_act: str | None = Field(default=None, description="the activation function, by transformers' name")
    attention_dropout: float | None = Field(default=None, ge=0, lt=1, description="dropout of attention weights")
    initializer_range: float | None = Field(
        default=None, gt=0, le=10, description="standard deviation of random weights"
    )

    def keys(self) -> dict[str, Any]:
        """Return the keys of the configuration that have a value."""
        return self.model_dump(exclude_none=True)

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(
                f"hidden_size {self.hidden_size} is not a multiple of num_attention_heads {self.num_attention_heads}"
            )
        return self


class LlamaShape(Shape):
    """Keys of transformers' LlamaConfig, except those that the tokenizer determines."""

    num_key_value_heads: int | None = Field(
        default=None, ge=1, le=WIDEST, description="heads of keys and values; they divide the attention heads"
    )
    head_dim: int | None = Field(default=None, ge=1, le=WIDEST, description="width of a head")
    max_position_embeddings: int | None = Field(default=None, ge=1, le=2**27, description="longest text, in tokens")
    rms_norm_eps: float | None = Field(default=None, gt=0, le=1, description="epsilon added to variances")
    rope_parameters: dict[str, str | bool | int | float | list[float]] | None = Field(
        default=None, description="parameters of the rotary embeddings"
    )
    tie_word_embeddings: bool | None = Field(
        default=None, description="whether input and output embeddings share weights"
    )
    attention_bias: bool | None = Field(default=None, description="whether attention has biases")
    mlp_bias: bool | None = Field(default=None, description="whether the feed-forward part has biases")

    @model_validator(mode="after")
    def _groups_divide(self) -> Self:
        groups = self.num_key_value_heads
        if groups is not None and self.num_attention_heads % groups:
            raise ValueError(
                f"num_attention_heads {self.num_attention_heads} is not a multiple of num_key_value_heads {groups}"
            )
        return self


class PatchShape(Shape):
    """Keys of a model that reads an image as patches."""

    image_size: int = Field(ge=1, le=16_384, description="side of an image, in pixels")
    patch_size: int = Field(ge=1, le=16_384, description="side of a patch, in pixels; it divides the image's")

    @model_validator(mode="after")
    def _patches_divide(self) -> Self:
        if self.image_size % self.patch_size:
            raise ValueError(f"image_size {self.image_size} is not a multiple of patch_size {self.patch_size}")
        return self


class ClipShape(Shape):
    """Keys that both parts of a CLIP model have."""

    layer_norm_eps: float | None = Field(default=None, gt=0, le=1, description="epsilon added to variances")
    initializer_factor: float | None = Field(default=None, gt=0, le=1_000, description="scale of random weights")


class VisionShape(ClipShape, PatchShape):
    """Keys of transformers' CLIPVisionConfig."""


class InternVitShape(PatchShape):
    """Keys of transformers' InternVLVisionConfig, except those that InternVL-Chat-V1.2 determines."""

    layer_norm_eps: float | None = Field(default=None, gt=0, le=1, description="epsilon added to variances")
    layer_scale_init_value: float | None = Field(
        default=None, gt=0, le=10, description="scale of every branch before training"
    )


class TextShape(ClipShape):
    """Keys of transformers' CLIPTextConfig, except those that the tokenizer determines."""

    max_position_embeddings: int = Field(default=77, ge=2, le=2**20, description="longest text, in tokens")
