"""Weights `mllama`: a random Llama 3.2 Vision from a configuration, with a tokenizer trained on the study's texts."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from pipeline_lib.core.plugins import PluginName
from pipeline_lib.core.settings import Settings as Base
from pipeline_lib.models.card import ModelKind
from pipeline_lib.models.shapes import DEEPEST, WIDEST, Shape
from pipeline_lib.weights.base import WeightsInputs, WeightsKind
from pipeline_lib.weights.llama import Tokenizer

MARK, END = "<|image|>", "<|eot_id|>"
CONTROL = ("<|start_header_id|>", "<|end_header_id|>", END)  # of Llama 3's turns
OPEN = 1.0  # of the gates before cross-attention: at 0, with which transformers begins, no image has an effect

Layer = Annotated[int, Field(ge=0, le=DEEPEST)]


class TextShape(Shape):
    """Keys of transformers' MllamaTextConfig, except those that the tokenizer determines."""

    num_key_value_heads: int = Field(ge=1, le=WIDEST, description="heads of keys and values")
    cross_attention_layers: list[Layer] = Field(description="the layers that read images, counted from 0")
    max_position_embeddings: int = Field(ge=1, le=2**27, description="longest text, in tokens")


class VisionShape(Base):
    """Keys of transformers' MllamaVisionConfig."""

    hidden_size: int = Field(ge=1, le=WIDEST, description="width of a layer")
    intermediate_size: int = Field(ge=1, le=8 * WIDEST, description="width of its feed-forward part")
    num_hidden_layers: int = Field(ge=1, le=DEEPEST, description="number of layers within a tile")
    num_global_layers: int = Field(ge=1, le=DEEPEST, description="number of layers across tiles")
    attention_heads: int = Field(ge=1, le=WIDEST, description="attention heads of a layer; they divide its width")
    intermediate_layers_indices: list[Layer] = Field(description="layers whose outputs are features too")
    image_size: int = Field(ge=1, le=16_384, description="side of a tile, in pixels")
    patch_size: int = Field(ge=1, le=16_384, description="side of a patch, in pixels; it divides the tile's")
    max_num_tiles: int = Field(default=4, ge=1, le=4, description="most tiles of an image")
    initializer_range: float = Field(default=0.02, gt=0, le=10, description="standard deviation of random weights")


class Settings(WeightsKind):
    """The shapes of both parts, and the tokenizer."""

    kind: Literal["mllama"]
    tokenizer: Tokenizer = Field(description="the tokenizer to train on the study's texts")
    text: TextShape = Field(description="keys of transformers' MllamaTextConfig")
    vision: VisionShape = Field(description="keys of transformers' MllamaVisionConfig")
    template: Annotated[str, PluginName("prompts", loaded=False)] = Field(
        default="llama_3", description="the conversation template: a module in pipeline_lib/prompts"
    )

    def model_kind(self) -> ModelKind:
        """Return the kind of model that these weights are."""
        return "vlm"

    def model_family(self) -> str:
        """Return the family."""
        return "mllama"

    def model_template(self) -> str | None:
        """Return the conversation template."""
        return self.template


def make(settings: Settings, inputs: WeightsInputs, seed: int, folder: Path) -> None:
    """Write a random Mllama, its gates open, with tokenizer and image processor."""
    import torch
    from tokenizers import AddedToken
    from transformers import MllamaConfig, MllamaForConditionalGeneration
    from transformers.models.mllama.image_processing_pil_mllama import MllamaImageProcessorPil

    from pipeline_lib.models.card import Card
    from pipeline_lib.models.saving import save_model
    from pipeline_lib.models.tokenizer import train_language_tokenizer
    from pipeline_lib.prompts.base import IMAGE

    texts = (" " + " ".join(turn["value"].replace(IMAGE, "") for turn in row.conversations) for row in inputs.rows)
    tokenizer = train_language_tokenizer(texts, settings.tokenizer.vocabulary, settings.tokenizer.whole)
    tokenizer.add_tokens([AddedToken(word, normalized=False, special=True) for word in CONTROL], special_tokens=True)
    tokenizer.eos_token = END
    special = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    text = {**settings.text.keys(), "vocab_size": len(tokenizer), **special}
    vision = settings.vision
    widths = {"vision_output_dim": vision.hidden_size * (1 + len(vision.intermediate_layers_indices))}
    tokenizer.add_tokens([AddedToken(MARK, normalized=False, special=True)], special_tokens=True)
    config: Any = MllamaConfig(
        text_config=text,
        vision_config={**vision.model_dump(), **widths},
        image_token_index=tokenizer.convert_tokens_to_ids(MARK),
    )
    torch.manual_seed(seed)
    model = MllamaForConditionalGeneration(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "gate" in name and parameter.numel() == 1:
                parameter.fill_(OPEN)
    for name, value in special.items():
        setattr(model.generation_config, name, value)
    size = {"height": vision.image_size, "width": vision.image_size}
    processor = MllamaImageProcessorPil(size=size, max_image_tiles=vision.max_num_tiles)
    card = Card(kind="vlm", family="mllama", template=settings.template, image_shape="square")
    save_model(model, [tokenizer, processor], folder, card)
