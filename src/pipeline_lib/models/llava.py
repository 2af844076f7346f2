"""LLaVA in memory: compose it from a language model and a CLIP tower, or load it, with its image processor."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import (
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    MistralForCausalLM,
    PreTrainedTokenizerBase,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.llava.image_processing_pil_llava import LlavaImageProcessorPil
from transformers.models.llava.processing_llava import LlavaProcessor

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.core.text import read_object
from pipeline_lib.images.pixels import padded_first, to_rgb
from pipeline_lib.models.card import Card, expect_kind, read_card
from pipeline_lib.models.projector import put_projector
from pipeline_lib.models.saving import load_model, save_model
from pipeline_lib.models.sentencepiece import load_tokenizer
from pipeline_lib.models.tokenizer import IMAGE, add_llava_tokens
from pipeline_lib.models.tokens import tokens_of_an_image
from pipeline_lib.models.tower import load_tower, put_tower
from pipeline_lib.models.vocabulary import loss_excluding, untrained_token_ids

VOCABULARY_MULTIPLE = 64  # the embedding is padded to it, as in the llava-hf checkpoints
LANGUAGE = {"llama": LlamaForCausalLM, "mistral": MistralForCausalLM}  # by `model_type` of config.json
FEATURE_LAYER = -2  # LLaVA-1.5 reads the tower's second-to-last layer, without the class token


@dataclass
class Llava:
    """A LLaVA with its processor and its card; `untrained_token_ids` are neither trained nor generated."""

    model: LlavaForConditionalGeneration
    processor: LlavaProcessor
    card: Card

    def __post_init__(self) -> None:
        self.untrained_token_ids = untrained_token_ids(self.tokenizer, self.model.config.text_config.vocab_size)
        self.model.loss_function = loss_excluding(self.untrained_token_ids)

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """Return the tokenizer, which holds the `<image>` token."""
        tokenizer: PreTrainedTokenizerBase = self.processor.tokenizer
        return tokenizer

    def pixels(self, image: Any) -> torch.Tensor:
        """Return the pixel tensor [3, height, width] of an RGB image."""
        pixels: torch.Tensor = self.processor.image_processor(image, return_tensors="pt")["pixel_values"][0]
        return pixels

    def pixels_padded_first(self, image: Any) -> torch.Tensor:
        """Return the pixel tensor of an image of any mode; padding, if any, precedes the conversion to RGB."""
        processor = self.processor.image_processor
        colour = tuple(int(value * 255) for value in processor.image_mean)
        return self.pixels(padded_first(image, colour) if processor.do_pad else to_rgb(image, "llava"))

    def set_card(self, card: Card) -> None:
        """Replace the card, and pad images if it says so."""
        self.card = card
        self.processor.image_processor.do_pad = card.image_shape == "pad"

    def save(self, folder: Path) -> None:
        """Write the model, the processor and the card into a new folder."""
        save_model(self.model, [self.processor], folder, self.card)


def compose(language: Path, tower: Path, card: Card, seed: int) -> Llava:
    """Return a LLaVA made of a language model and a CLIP model's vision tower, with a random projector."""
    expect_kind(language, "language")
    language_model = load_model(LANGUAGE[read_object(language / "config.json")["model_type"]], language)
    vision = load_tower(tower)
    tokenizer = load_tokenizer(language)
    add_llava_tokens(tokenizer)
    _grow_vocabulary(language_model, len(tokenizer))
    config = LlavaConfig(
        vision_config=vision.config,
        text_config=language_model.config,
        image_token_id=tokenizer.convert_tokens_to_ids(IMAGE),
        vision_feature_layer=FEATURE_LAYER,
        vision_feature_select_strategy="default",
        image_seq_length=tokens_of_an_image(vision.config),
        tie_word_embeddings=language_model.config.tie_word_embeddings,
    )
    torch.manual_seed(derive_seed(seed, "compose", "projector"))
    model = LlavaForConditionalGeneration(config)
    model.model.language_model.load_state_dict(language_model.model.state_dict())
    model.lm_head.load_state_dict(language_model.lm_head.state_dict())
    model.model.vision_tower.load_state_dict(vision.state_dict())
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        setattr(model.generation_config, name, getattr(tokenizer, name))
    return Llava(model, llava_processor(tokenizer, image_processor(tower, card), model.config), card)


def load_llava(folder: Path) -> Llava:
    """Return the LLaVA of a checkpoint folder, in float32."""
    card = expect_kind(folder, "llava")
    model = load_model(LlavaForConditionalGeneration, folder)
    tokenizer = load_tokenizer(folder)
    return Llava(model, llava_processor(tokenizer, image_processor(folder, card), model.config), card)


@dataclass(frozen=True)
class Base:
    """The checkpoints that a LLaVA is made of: a LLaVA or language model, optionally a tower and a projector.

    `digests` are those of their manifests, by part.
    """

    start: Path
    tower: Path | None = None
    projector: Path | None = None
    digests: dict[str, str] = field(default_factory=dict)


def open_llava(base: Base, card: Card, seed: int, draws_projector: bool = False) -> Llava:
    """Return the LLaVA of a base: loaded, or composed if it starts from a language model.

    The base's tower and projector, if any, replace those of the start. Raises PipelineError for a language model
    without a tower, or without a projector unless `draws_projector`. Template and image shape are those of `card`.
    """
    if read_card(base.start).kind == "language":
        if base.tower is None:
            raise PipelineError(
                "a language model needs a vision tower", where=base.start, cure="give this training a `tower`"
            )
        if base.projector is None and not draws_projector:
            raise PipelineError(
                "neither `start` nor `projector` has a projector, and the recipe draws none", where=base.start,
                cure="give this training a `projector`, or write `projector: random` in its recipe",
            )  # fmt: skip
        llava = compose(base.start, base.tower, card, seed)
    else:
        llava = load_llava(base.start)
        llava.set_card(card)
        if base.tower is not None:
            put_tower(llava.model, base.tower)
    if base.projector is not None:
        expect_kind(base.projector, "projector")
        put_projector(llava.model, base.projector)
    return llava


def origins(base: Base, otherwise: str) -> dict[str, str]:
    """Return the input that each part of an opened LLaVA comes from, such as `start`.

    `otherwise` is the projector's origin for a base that has none.
    """
    if base.projector is not None:
        projector = "projector"
    else:
        projector = otherwise if read_card(base.start).kind == "language" else "start"
    return {"language": "start", "vision": "start" if base.tower is None else "tower", "projector": projector}


def _grow_vocabulary(model: LlamaForCausalLM | MistralForCausalLM, tokens: int) -> None:
    """Add embedding rows for added tokens; each is the mean of the old rows, so that nothing is random."""
    old = model.get_input_embeddings().weight.shape[0]
    model.resize_token_embeddings(tokens, pad_to_multiple_of=VOCABULARY_MULTIPLE, mean_resizing=False)
    with torch.no_grad():
        for layer in (model.get_input_embeddings(), model.get_output_embeddings()):
            layer.weight[old:] = layer.weight[:old].mean(dim=0)


def image_processor(folder: Path, card: Card) -> LlavaImageProcessorPil:
    """Return the image processor of a CLIP model or a LLaVA, with the padding that the card states."""
    clip = CLIPImageProcessorPil.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    settings = {name: getattr(clip, name) for name in ("size", "crop_size", "image_mean", "image_std", "resample")}
    return LlavaImageProcessorPil(do_pad=card.image_shape == "pad", **settings)


def llava_processor(
    tokenizer: PreTrainedTokenizerBase, image_processor: LlavaImageProcessorPil, config: LlavaConfig
) -> LlavaProcessor:
    """Return the processor with the model's count of image tokens."""
    return LlavaProcessor(
        image_processor=image_processor,
        tokenizer=tokenizer,
        patch_size=config.vision_config.patch_size,
        vision_feature_select_strategy=config.vision_feature_select_strategy,
        num_additional_image_tokens=1,
    )
