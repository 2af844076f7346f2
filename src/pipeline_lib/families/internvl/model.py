"""The family `internvl`: InternVL-Chat-V1.2; every image is 256 features at 448 pixels, in transformers' InternVL."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import InternVLForConditionalGeneration
from transformers.modeling_outputs import BaseModelOutputWithPooling
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.internvl import tokens as internvl_tokens
from pipeline_lib.families.internvl.composing import composed
from pipeline_lib.families.internvl.pixel_shuffle import set_pixel_shuffle
from pipeline_lib.families.internvl.pixels import image_processor, open_processor, pixels, side_of
from pipeline_lib.families.internvl.projector import random_projector
from pipeline_lib.families.internvl.rows import encoded_row
from pipeline_lib.families.internvl.tokens import InternvlTokens
from pipeline_lib.families.internvl.tower import put_tower
from pipeline_lib.models.batches import text_batch
from pipeline_lib.models.card import NAME, Card, Stated, expect_kind
from pipeline_lib.models.encoded import Encoded, RowRules
from pipeline_lib.models.family import Batch, Example, Features, Shown, Side, Sizes, Step
from pipeline_lib.models.layouts import ExportOptions, Layout
from pipeline_lib.models.parts import Part
from pipeline_lib.models.saving import load_model, save_model

PARTS: dict[Part, tuple[str, ...]] = {
    "language": ("model.language_model.", "lm_head."),
    "projector": ("model.multi_modal_projector.",),
    "vision": ("model.vision_tower.",),
}
# Every linear layer of the language model except its head, as the original's `wrap_llm_lora` names them.
LORA_TARGETS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"

COMPOSED_SHUFFLE = "v2"  # of a composed model whose card states none, as in the original's training arguments
PROBE = 24  # text tokens of the probe, after its image


@dataclass
class Internvl:
    """An InternVL with its tokens, image processor and card, which states its pixel shuffle."""

    model: InternVLForConditionalGeneration
    tokens: InternvlTokens
    processor: GotOcr2ImageProcessorPil
    card: Card

    def __post_init__(self) -> None:
        if self.card.pixel_shuffle is None:
            raise PipelineError("the card of an InternVL states its `pixel_shuffle`: v1 or v2", where=NAME)
        set_pixel_shuffle(self.model, self.card.pixel_shuffle)

    def set_card(self, card: Card) -> None:
        """Replace the card except for its pixel shuffle; images are squeezed, whatever the card's image shape."""
        self.card = card.model_copy(update={"pixel_shuffle": self.card.pixel_shuffle})

    def put_tower(self, folder: Path) -> None:
        """Load an InternViT of the same shape."""
        put_tower(self.model, folder)

    def show(self, image: Image.Image, padded_first: bool = False) -> Shown:
        """Return `pixel_values` [3, height, width] of an RGB image."""
        if padded_first:
            raise unable("be shown images as LLaVA's scripts show them", "as_original: true", "leave it out")
        return {"pixel_values": pixels(image, self.processor)}

    def collate(self, examples: list[Example], side: Side) -> Batch:
        """Return ids, mask and labels [rows, tokens], and `pixel_values` [images, 3, height, width] if any."""
        batch = text_batch(examples, int(self.tokens.tokenizer.pad_token_id), side)
        values = [shown["pixel_values"] for example in examples for shown in example.get("images", [])]
        return {**batch, "pixel_values": torch.stack(values)} if values else batch

    def save(self, folder: Path) -> None:
        """Write model, tokenizer, image processor and card into a new folder."""
        save_model(self.model, [self.tokens.tokenizer, self.processor], folder, self.card)


def load(folder: Path) -> Internvl:
    """Return the InternVL of a checkpoint folder, in float32."""
    card = expect_kind(folder, "vlm")
    model = load_model(InternVLForConditionalGeneration, folder)
    return Internvl(model, open_tokens(folder, None), open_processor(folder), card)


def compose(language: Path, tower: Path, card: Card, seed: int) -> Internvl:
    """Return an InternVL made of a language model and InternViT, with a random projector."""
    model, tokenizer = composed(language, tower, seed)
    tokens = InternvlTokens(tokenizer, int(model.config.image_seq_length))
    card = card.model_copy(update={"pixel_shuffle": card.pixel_shuffle or COMPOSED_SHUFFLE})
    return Internvl(model, tokens, image_processor(side_of(model.config.vision_config)), card)


def open_tokens(start: Path, tower: Path | None) -> InternvlTokens:
    """Return the tokens of an InternVL, or of the one that a language model and a tower become."""
    return internvl_tokens.open_tokens(start, tower)


def encode_row(tokens: InternvlTokens, row: Conversation, rules: RowRules, sizes: Sizes) -> Encoded:
    """Return a conversation as tokens, whole and truncated."""
    return encoded_row(tokens, row, rules)


def blank_features(model: Any, batch: Batch) -> torch.Tensor | None:
    """Return the sum of a blank image's features if the batch shows no image, as in the original, else None."""
    if "pixel_values" in batch:
        return None
    side = side_of(model.config.vision_config)
    blank = torch.zeros(1, 3, side, side).to(model.device, model.dtype)
    features: torch.Tensor = model.get_image_features(pixel_values=blank).pooler_output
    return features.float().sum()


def suppressed_ids(internvl: Internvl) -> list[int]:
    """Return the ids that are no text: of an image's features, and of rows without a token."""
    rows = internvl.model.config.text_config.vocab_size
    return sorted({internvl.tokens.image_id, *range(len(internvl.tokens.tokenizer), rows)})


def image_features(internvl: Internvl, images: list[Shown]) -> list[Features]:
    """Return the projected features [tokens, width] of each image."""
    values = torch.stack([shown["pixel_values"] for shown in images])
    model = internvl.model
    return list(model.get_image_features(pixel_values=values.to(model.device, model.dtype)).pooler_output)


def hidden_states(internvl: Internvl, step: Step) -> torch.Tensor:
    """Return the last hidden states of a step's tokens; features replace the `<IMG_CONTEXT>` of the first step."""
    features = [each for images in step.images for each in images] if step.first else []
    outputs = {"image": BaseModelOutputWithPooling(pooler_output=torch.stack(features))} if features else None
    hidden: torch.Tensor = internvl.model.model(
        input_ids=step.ids,
        position_ids=step.positions,
        attention_mask=step.visible,
        past_key_values=step.cache,
        mm_encoder_outputs=outputs,
        use_cache=True,
    ).last_hidden_state
    return hidden


def probe(internvl: Internvl, seed: int) -> Batch:
    """Return model inputs of one noise image and a prompt of random tokens."""
    generator = torch.Generator().manual_seed(seed)
    side = side_of(internvl.model.config.vision_config)
    text = torch.randint(internvl.tokens.image_id, (PROBE,), generator=generator).tolist()
    image = {"pixel_values": torch.randn(3, side, side, generator=generator)}
    return internvl.collate([{"input_ids": [*internvl.tokens.image, *text], "images": [image]}], "right")


def draw_projector(vision: int, language: int, folder: Path) -> None:
    """Write a random projector between these widths into a new folder."""
    random_projector(vision, language, folder)


def take(files: dict[str, Path], stated: Stated, tower: Path | None, folder: Path) -> None:
    """Write third-party files into a new folder: linked in the hub's layout, converted from the original's."""
    from pipeline_lib.families.internvl.layouts.take import take_files

    if tower is not None:
        raise unable("take its vision tower while it is converted", tower, "name it as the `tower` of a training")
    take_files(files, stated, folder)


def unused_files(files: dict[str, Path], holds: str) -> list[str]:
    """Return the names of the tensor files that `take` does not read."""
    from pipeline_lib.families.internvl.layouts.take import names_of_unused

    return names_of_unused(files, holds)


def export(model: Path, target: Path, layout: Layout, options: ExportOptions) -> None:
    """Write a checkpoint into a new folder in another layout."""
    from pipeline_lib.families.internvl.layouts.export import export_as

    export_as(model, target, layout)


def unable(what: str, value: object, cure: str) -> PipelineError:
    """Return the error for what LLaVAs can and an InternVL cannot."""
    return PipelineError(f"an InternVL cannot {what}", value=str(value), cure=cure)
