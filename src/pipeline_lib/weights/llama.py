"""Weights `llama`: a random language model from a configuration, with a tokenizer trained on the study's texts."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline_lib.core.plugins import PluginName
from pipeline_lib.core.settings import Settings as Base
from pipeline_lib.models.card import FAMILY, ModelKind
from pipeline_lib.models.shapes import LlamaShape
from pipeline_lib.weights.base import LARGEST_VOCABULARY, WeightsInputs, WeightsKind

LEAST = 260  # bytes and special tokens


class Tokenizer(Base):
    """The tokenizer to train."""

    vocabulary: int = Field(
        gt=LEAST, le=LARGEST_VOCABULARY, description="number of tokens, including the byte alphabet and special tokens"
    )
    whole: list[str] = Field(default=[], description="texts that become one token each, such as a system prompt")

    @model_validator(mode="after")
    def _room_for_whole(self) -> Self:
        if self.vocabulary <= LEAST + len(self.whole):
            raise ValueError(f"{self.vocabulary} tokens leave no room for {len(self.whole)} whole texts beside bytes")
        return self


class Settings(WeightsKind):
    """The shape of the model, as keys of transformers' LlamaConfig, and the tokenizer."""

    kind: Literal["llama"]
    family: Annotated[str, PluginName("families", loaded=False)] = Field(
        default=FAMILY,
        description="the family of models to compose of it: a folder in pipeline_lib/families",
    )
    tokenizer: Tokenizer = Field(description="the tokenizer to train on the study's texts")
    config: LlamaShape = Field(description="keys of transformers' LlamaConfig")

    def model_kind(self) -> ModelKind:
        """Return the kind of model that these weights are."""
        return "language"

    def model_family(self) -> str:
        """Return the family of models to compose of it."""
        return self.family


def make(settings: Settings, inputs: WeightsInputs, seed: int, folder: Path) -> None:
    """Write a random LlamaForCausalLM and its tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from pipeline_lib.models.card import Card
    from pipeline_lib.models.saving import save_model
    from pipeline_lib.models.tokenizer import train_language_tokenizer
    from pipeline_lib.prompts.base import IMAGE

    texts = (" " + " ".join(turn["value"].replace(IMAGE, "") for turn in row.conversations) for row in inputs.rows)
    tokenizer = train_language_tokenizer(texts, settings.tokenizer.vocabulary, settings.tokenizer.whole)
    special = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    torch.manual_seed(seed)
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **special, **settings.config.keys()))
    save_model(model, [tokenizer], folder, Card(kind="language", family=settings.family))
