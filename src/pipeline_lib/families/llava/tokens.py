"""LLaVA's token ids: one `<image>` token for every patch of the vision tower."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

from tokenizers import AddedToken
from transformers import AutoConfig, PreTrainedTokenizerBase

from pipeline_lib.models.card import expect_kind, read_card
from pipeline_lib.models.encode import encode
from pipeline_lib.models.family import Size
from pipeline_lib.models.sentencepiece import load_tokenizer
from pipeline_lib.models.tokenizer import PAD
from pipeline_lib.prompts.base import IMAGE, Segment


@dataclass(frozen=True)
class LlavaTokens:
    """A tokenizer with the `<image>` token, and the count of tokens of one image, of whatever size."""

    tokenizer: PreTrainedTokenizerBase
    per_image: int
    family: str = "llava"

    @property
    def image_id(self) -> int:
        """Return the id of the token that stands for one patch."""
        return image_id(self.tokenizer)

    def images_in(self, ids: list[int]) -> int:
        """Return how many images there are in the ids."""
        return ids.count(self.image_id) // self.per_image

    def prompt(self, segments: list[Segment], sizes: Sequence[Size]) -> list[int]:
        """Return the ids of a prompt with this many images; without one, `<image>` is ordinary text."""
        return encode(segments, self.tokenizer, [[self.image_id] * self.per_image for _ in sizes])[0]


def open_tokens(start: Path, tower: Path | None) -> LlavaTokens:
    """Return the tokens of a LLaVA, or of the one that a language model and a tower become."""
    tokenizer = load_tokenizer(start)
    if tower is None or read_card(start).kind != "language":
        return LlavaTokens(tokenizer, int(_config(start).image_seq_length))
    expect_kind(tower, "clip")
    add_llava_tokens(tokenizer)
    shape = _config(tower)  # of a whole CLIP model, or of a tower alone
    return LlavaTokens(tokenizer, tokens_of_an_image(getattr(shape, "vision_config", shape)))


def image_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the id of the token that stands for one feature of an image."""
    return int(tokenizer.convert_tokens_to_ids(IMAGE))


def add_llava_tokens(tokenizer: PreTrainedTokenizerBase) -> None:
    """Add `<image>` and `<pad>` to a language model's tokenizer, and make `<pad>` its padding token."""
    tokenizer.add_tokens(
        [AddedToken(IMAGE, normalized=False, special=True), AddedToken(PAD, normalized=False, special=True)],
        special_tokens=True,
    )
    tokenizer.pad_token = PAD


def tokens_of_an_image(vision: Any) -> int:
    """Return how many patches a tower of this configuration cuts an image into: one token each."""
    return int(vision.image_size // vision.patch_size) ** 2


def _config(folder: Path) -> Any:
    return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
