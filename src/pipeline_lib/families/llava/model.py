"""The family `llava`: load a LLaVA, or compose it from a language model and a CLIP tower; its inputs and answers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import (
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    MistralForCausalLM,
    PreTrainedTokenizerBase,
)
from transformers.modeling_outputs import BaseModelOutputWithPooling
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.llava.image_processing_pil_llava import LlavaImageProcessorPil
from transformers.models.llava.processing_llava import LlavaProcessor

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.core.text import read_object
from pipeline_lib.families.llava import tokens as llava_tokens
from pipeline_lib.families.llava.features import projected_features
from pipeline_lib.families.llava.projector import random_projector
from pipeline_lib.families.llava.rows import Encoding, encoded_row
from pipeline_lib.families.llava.tokens import LlavaTokens, add_llava_tokens, tokens_of_an_image
from pipeline_lib.families.llava.tower import load_tower, put_tower
from pipeline_lib.families.llava.untrained_tokens import loss_excluding, untrained_token_ids
from pipeline_lib.images.pixels import padded_first as pad_first
from pipeline_lib.images.pixels import to_rgb
from pipeline_lib.models.batches import text_batch
from pipeline_lib.models.card import Card, Stated, expect_kind
from pipeline_lib.models.encoded import Encoded, RowRules
from pipeline_lib.models.family import Batch, Example, Features, Shown, Side, Sizes, Step
from pipeline_lib.models.layouts import ExportOptions, Layout
from pipeline_lib.models.parts import Part
from pipeline_lib.models.saving import load_model, save_model
from pipeline_lib.models.sentencepiece import load_tokenizer
from pipeline_lib.prompts.base import IMAGE

PARTS: dict[Part, tuple[str, ...]] = {
    "language": ("model.language_model.", "lm_head."),
    "projector": ("model.multi_modal_projector.",),
    "vision": ("model.vision_tower.",),
}
# Every linear layer of the language model except its head, as LLaVA's find_all_linear_names chooses. A list of names
# would also match the vision tower's layers.
LORA_TARGETS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"

VOCABULARY_MULTIPLE = 64  # the embedding is padded to it, as in the llava-hf checkpoints
LANGUAGE = {"llama": LlamaForCausalLM, "mistral": MistralForCausalLM}  # by `model_type` of config.json
FEATURE_LAYER = -2  # LLaVA-1.5 reads the tower's second-to-last layer, without the class token
PROBE = 24  # text tokens of the probe, after its image


@dataclass
class Llava:
    """A LLaVA with its processor and its card; `untrained_token_ids` are neither trained nor generated."""

    model: LlavaForConditionalGeneration
    processor: LlavaProcessor
    card: Card

    def __post_init__(self) -> None:
        self.tokens = LlavaTokens(self.processor.tokenizer, int(self.model.config.image_seq_length))
        self.untrained_token_ids = untrained_token_ids(self.tokenizer, self.model.config.text_config.vocab_size)
        self.model.loss_function = loss_excluding(self.untrained_token_ids)

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """Return the tokenizer, which holds the `<image>` token."""
        tokenizer: PreTrainedTokenizerBase = self.processor.tokenizer
        return tokenizer

    def set_card(self, card: Card) -> None:
        """Replace the card, and pad images if it says so."""
        self.card = card
        self.processor.image_processor.do_pad = card.image_shape == "pad"

    def put_tower(self, folder: Path) -> None:
        """Load the tower of a CLIP checkpoint of the same shape."""
        put_tower(self.model, folder)

    def show(self, image: Image.Image, padded_first: bool = False) -> Shown:
        """Return `pixel_values` [3, height, width] of an RGB image, or of one of any mode if `padded_first`."""
        return {"pixel_values": self.pixels_padded_first(image) if padded_first else self.pixels(image)}

    def pixels(self, image: Any) -> torch.Tensor:
        """Return the pixel tensor [3, height, width] of an RGB image."""
        pixels: torch.Tensor = self.processor.image_processor(image, return_tensors="pt")["pixel_values"][0]
        return pixels

    def pixels_padded_first(self, image: Any) -> torch.Tensor:
        """Return the pixel tensor of an image of any mode; padding, if any, precedes the conversion to RGB."""
        processor = self.processor.image_processor
        colour = tuple(int(value * 255) for value in processor.image_mean)
        return self.pixels(pad_first(image, colour) if processor.do_pad else to_rgb(image, "llava"))

    def collate(self, examples: list[Example], side: Side) -> Batch:
        """Return ids, mask and labels [rows, tokens], and `pixel_values` [images, 3, height, width] if any."""
        batch = text_batch(examples, int(self.tokenizer.pad_token_id), side)
        pixels = [shown["pixel_values"] for example in examples for shown in example.get("images", [])]
        return {**batch, "pixel_values": torch.stack(pixels)} if pixels else batch

    def save(self, folder: Path) -> None:
        """Write the model, the processor and the card into a new folder."""
        save_model(self.model, [self.processor], folder, self.card)


def load(folder: Path) -> Llava:
    """Return the LLaVA of a checkpoint folder, in float32."""
    card = expect_kind(folder, "vlm")
    model = load_model(LlavaForConditionalGeneration, folder)
    tokenizer = load_tokenizer(folder)
    return Llava(model, llava_processor(tokenizer, image_processor(folder, card), model.config), card)


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


def open_tokens(start: Path, tower: Path | None) -> LlavaTokens:
    """Return the tokens of a LLaVA, or of the one that a language model and a tower become."""
    return llava_tokens.open_tokens(start, tower)


def encode_row(tokens: LlavaTokens, row: Conversation, rules: RowRules, sizes: Sizes) -> Encoded:
    """Return a conversation as tokens, whole and truncated; with `as_original`, as the original does."""
    return encoded_row(
        row, Encoding(tokens.tokenizer, rules.template, tokens.per_image, rules.length, rules.as_original)
    )


def blank_features(model: Any, batch: Batch) -> torch.Tensor | None:
    """Return the sum of a blank image's features if the batch shows no image, as in the original, else None."""
    if "pixel_values" in batch:
        return None
    side = model.config.vision_config.image_size
    blank = torch.zeros(1, 3, side, side).to(model.device, model.dtype)
    return torch.stack(list(model.get_image_features(pixel_values=blank).pooler_output)).float().sum()


def suppressed_ids(llava: Llava) -> list[int]:
    """Return the ids of the vocabulary's rows that are not text."""
    return llava.untrained_token_ids


def image_features(llava: Llava, images: list[Shown]) -> list[Features]:
    """Return the projected features [tokens, width] of each image."""
    pixels = torch.stack([shown["pixel_values"] for shown in images])
    return list(projected_features(llava.model, pixels.to(llava.model.device, llava.model.dtype)))


def hidden_states(llava: Llava, step: Step) -> torch.Tensor:
    """Return the last hidden states of a step's tokens; features replace the `<image>` tokens of the first step."""
    features = [each for images in step.images for each in images] if step.first else []
    outputs = {"image": BaseModelOutputWithPooling(pooler_output=features)} if features else None
    hidden: torch.Tensor = llava.model.model(
        input_ids=step.ids,
        position_ids=step.positions,
        attention_mask=step.visible,
        past_key_values=step.cache,
        mm_encoder_outputs=outputs,
        use_cache=True,
    ).last_hidden_state
    return hidden


def probe(llava: Llava, seed: int) -> Batch:
    """Return model inputs of one noise image and a prompt of random tokens."""
    config = llava.model.config
    generator = torch.Generator().manual_seed(seed)
    words = torch.randint(config.image_token_id, (1, PROBE), generator=generator)
    image = torch.full((1, config.image_seq_length), config.image_token_id)
    side = config.vision_config.image_size
    ids = torch.cat([image, words], dim=1)
    pixels = torch.randn((1, 3, side, side), generator=generator)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "pixel_values": pixels}


def draw_projector(vision: int, language: int, folder: Path) -> None:
    """Write a random projector between these widths into a new folder."""
    random_projector(vision, language, folder)


def take(files: dict[str, Path], stated: Stated, tower: Path | None, folder: Path) -> None:
    """Write third-party files into a new folder: linked in the hub's layout, converted from others."""
    from pipeline_lib.families.llava.layouts.take import take_files

    take_files(files, stated, tower, folder)


def unused_files(files: dict[str, Path], holds: str) -> list[str]:
    """Return the names of the tensor files that `take` does not read."""
    from pipeline_lib.families.llava.layouts.unused import names_of_unused

    return names_of_unused(files, holds)


def export(model: Path, target: Path, layout: Layout, options: ExportOptions) -> None:
    """Write a checkpoint into a new folder in another layout."""
    from pipeline_lib.families.llava.layouts.export import export_as

    export_as(model, target, layout, options)


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
