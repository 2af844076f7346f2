"""The family `mllama`: Llama 3.2 Vision; images are tiles, which cross-attention layers of the language model read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import MllamaForConditionalGeneration
from transformers.models.mllama.image_processing_pil_mllama import MllamaImageProcessorPil

from pipeline_lib.checkpoints.tensors import tensors_of
from pipeline_lib.checkpoints.unread import unread_files
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.mllama.seen_images import cross_attention, seen_images
from pipeline_lib.families.mllama.text_rows import skip_text_rows
from pipeline_lib.families.mllama.tiles import blank, tiled
from pipeline_lib.families.mllama.tokens import MllamaTokens, encoded_row
from pipeline_lib.models.batches import text_batch
from pipeline_lib.models.card import Card, Stated, expect_kind
from pipeline_lib.models.encoded import Encoded, RowRules
from pipeline_lib.models.family import Batch, Example, Features, Shown, Side, Sizes, Step
from pipeline_lib.models.layouts import ExportOptions, Layout
from pipeline_lib.models.parts import Part
from pipeline_lib.models.saving import load_model, save_model
from pipeline_lib.models.sentencepiece import load_tokenizer

PARTS: dict[Part, tuple[str, ...]] = {
    "language": ("model.language_model.", "lm_head."),
    "projector": ("model.multi_modal_projector.",),
    "vision": ("model.vision_model.",),
}
# Every linear layer of the language model except its head, cross-attention included. The vision model's layers have
# the same last names.
LORA_TARGETS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"

PROBE = 24  # text tokens of the probe, after its image


@dataclass
class Mllama:
    """A Mllama with its tokenizer, image processor and card."""

    model: MllamaForConditionalGeneration
    tokens: MllamaTokens
    processor: MllamaImageProcessorPil
    card: Card

    def __post_init__(self) -> None:
        skip_text_rows(self.model)

    def set_card(self, card: Card) -> None:
        """Replace the card; tiles have the shape of the image, whatever the card's image shape."""
        self.card = card

    def put_tower(self, folder: Path) -> None:
        """Raise PipelineError: the vision model is trained with the language model, and no other fits."""
        raise unable("take the vision tower of another model", folder, "remove `tower`")

    def show(self, image: Image.Image, padded_first: bool = False) -> Shown:
        """Return `pixel_values` [tiles, 3, height, width], `aspect_ratio_ids` [] and `aspect_ratio_mask` [tiles]."""
        if padded_first:
            raise unable("be shown images as LLaVA's scripts show them", "as_original: true", "leave it out")
        shown = self.processor(image, return_tensors="pt")
        return {name: shown[name][0, 0] for name in ("pixel_values", "aspect_ratio_ids", "aspect_ratio_mask")}

    def collate(self, examples: list[Example], side: Side) -> Batch:
        """Return ids, mask and labels [rows, tokens], and the images with the mask of who sees them.

        A training's batch without images has one that no row sees, so that every parameter has a gradient.
        """
        batch = text_batch(examples, int(self.tokens.tokenizer.pad_token_id), side)
        shown = [example.get("images", []) for example in examples]
        if not any(shown) and "labels" not in batch:
            return batch
        vision = self.model.config.vision_config
        none = blank(vision.max_num_tiles, vision.image_size)
        return {**batch, **tiled(batch["input_ids"].tolist(), shown, self.tokens.image_id, none)}

    def save(self, folder: Path) -> None:
        """Write model, tokenizer, image processor and card into a new folder."""
        save_model(self.model, [self.tokens.tokenizer, self.processor], folder, self.card)


def load(folder: Path) -> Mllama:
    """Return the Mllama of a checkpoint folder, in float32."""
    card = expect_kind(folder, "vlm")
    processor = MllamaImageProcessorPil.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    return Mllama(load_model(MllamaForConditionalGeneration, folder), open_tokens(folder, None), processor, card)


def compose(language: Path, tower: Path, card: Card, seed: int) -> Mllama:
    """Raise PipelineError: the cross-attention layers are in no language model."""
    cure = "start from published weights: `{kind: pretrained, family: mllama, holds: vlm}`"
    raise unable("be composed of a language model and a tower", language, cure)


def open_tokens(start: Path, tower: Path | None) -> MllamaTokens:
    """Return the tokens of a Mllama."""
    return MllamaTokens(load_tokenizer(start))


def encode_row(tokens: MllamaTokens, row: Conversation, rules: RowRules, sizes: Sizes) -> Encoded:
    """Return a conversation as tokens, whole and truncated."""
    return encoded_row(tokens, row, rules)


def blank_features(model: Any, batch: Batch) -> torch.Tensor | None:
    """Return None: the batches of a training always have an image, if only one that no row sees."""
    return None


def suppressed_ids(mllama: Mllama) -> list[int]:
    """Return nothing: every row of the vocabulary was trained."""
    return []


def image_features(mllama: Mllama, images: list[Shown]) -> list[Features]:
    """Return the states of each image's tiles for cross-attention, and which tiles are not padding."""
    return seen_images(mllama.model, images)


def hidden_states(mllama: Mllama, step: Step) -> torch.Tensor:
    """Return the last hidden states of a step's tokens; those after the image see its tiles."""
    hidden: torch.Tensor = mllama.model.model(
        input_ids=step.ids,
        position_ids=step.positions,
        attention_mask=step.visible,
        past_key_values=step.cache,
        use_cache=True,
        **cross_attention(mllama.tokens.image_id, step),
    ).last_hidden_state
    return hidden


def probe(mllama: Mllama, seed: int) -> Batch:
    """Return model inputs of one noise image of a single tile and a prompt of random tokens."""
    generator = torch.Generator().manual_seed(seed)
    vision, words = mllama.model.config.vision_config, mllama.model.config.text_config.vocab_size
    image = blank(vision.max_num_tiles, vision.image_size) | {"aspect_ratio_ids": torch.tensor(1)}
    image["pixel_values"][0] = torch.randn(3, vision.image_size, vision.image_size, generator=generator)
    text = torch.randint(words, (PROBE,), generator=generator).tolist()
    return mllama.collate([{"input_ids": [mllama.tokens.image_id, *text], "images": [image]}], "right")


def draw_projector(vision: int, language: int, folder: Path) -> None:
    """Raise PipelineError: a projector is a part of its model."""
    raise unable("have a random projector", folder, "start from published weights, which have one")


def take(files: dict[str, Path], stated: Stated, tower: Path | None, folder: Path) -> None:
    """Link the files of a published Mllama into a new folder with a card."""
    from pipeline_lib.families.mllama.files import take_files

    if tower is not None:
        raise unable("take the vision tower of another model", tower, "remove `tower`")
    take_files(files, stated, folder)


def unused_files(files: dict[str, Path], holds: str) -> list[str]:
    """Return the names of the tensor files that `take` does not read, such as those in Meta's own layout."""
    return unread_files(files, set(tensors_of(files).paths))


def export(model: Path, target: Path, layout: Layout, options: ExportOptions) -> None:
    """Raise PipelineError: checkpoints have the hub's layout already."""
    raise unable(f"be exported as {layout}", model, "copy its folder, which has the hub's layout already")


def unable(what: str, value: object, cure: str) -> PipelineError:
    """Return the error for what LLaVAs can and a Mllama cannot."""
    return PipelineError(f"a Mllama cannot {what}", value=str(value), cure=cure)
