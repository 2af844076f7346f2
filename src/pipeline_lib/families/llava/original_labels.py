"""Token ids and labels as LLaVA's original code makes them, mistakes included: `as_original: true` trains on them.

Source: haotian-liu/LLaVA c121f04, `llava/train/train.py`. Each template's `original` defines how it counts tokens.
"""

from dataclasses import dataclass
from functools import cached_property

from transformers import PreTrainedTokenizerBase

from pipeline_lib.models.encode import IGNORED, tokenise
from pipeline_lib.models.sentencepiece import is_legacy
from pipeline_lib.prompts.base import IMAGE, Template, Turn, image_first

IMAGE_TOKEN_INDEX = -200  # the original's placeholder of an image


@dataclass(frozen=True)
class OriginalRow:
    """Token ids and labels; `mismatch`: counted and real tokens, where they differ and none is trained."""

    ids: list[int]
    labels: list[int]
    mismatch: tuple[int, int] | None = None

    def shown(self, image: int, tokens: int) -> "OriginalRow":
        """Return ids and labels with every image placeholder replaced by `tokens` untrained tokens of id `image`."""
        ids: list[int] = []
        labels: list[int] = []
        for token, label in zip(self.ids, self.labels, strict=True):
            is_image = token == IMAGE_TOKEN_INDEX
            ids += [image] * tokens if is_image else [token]
            labels += [IGNORED] * tokens if is_image else [label]
        return OriginalRow(ids, labels, self.mismatch)


@dataclass(frozen=True)
class Counter:
    """Token counts for the original's label rules. `images`: whether `<image>` is an image, not text."""

    tokenizer: PreTrainedTokenizerBase
    images: bool
    max_length: int

    @cached_property
    def legacy(self) -> bool:
        """Return whether the tokenizer puts a space before text that follows a special token."""
        return is_legacy(self.tokenizer)

    def ids(self, text: str) -> list[int]:
        """Return the ids of a text, the beginning-of-sequence token first."""
        ids = [int(self.tokenizer.bos_token_id)]
        for number, chunk in enumerate(text.split(IMAGE) if self.images else [text]):
            ids += [*([IMAGE_TOKEN_INDEX] if number else []), *tokenise(self.tokenizer, chunk).ids]
        return ids

    def all(self, text: str) -> int:
        """Return the count of all tokens."""
        return len(self.ids(text))

    def visible(self, text: str) -> int:
        """Return the count of tokens within `max_length`, without padding (`<unk>`); with images, of all tokens."""
        return self.all(text) if self.images else self.unpadded(self.ids(text)[: self.max_length])

    def unpadded(self, ids: list[int]) -> int:
        """Return how many ids are not `<unk>`, which LLaVA pads with."""
        return sum(token != self.tokenizer.unk_token_id for token in ids)


def encode_as_original(
    turns: list[Turn], image: bool, tokenizer: PreTrainedTokenizerBase, template: Template, max_length: int
) -> OriginalRow:
    """Return ids and labels of a row with or without an image, IMAGE_TOKEN_INDEX in place of the image.

    Text without an image is truncated to `max_length`, as by the original's tokenizer; with an image it is not yet
    truncated. Raises PipelineError for turns that make the original raise.
    """
    original = template.original(image_first(turns) if image else turns)
    counter = Counter(tokenizer, image or original.pictured, max_length)
    ids = counter.ids(original.text)
    ids = ids if counter.images else ids[:max_length]
    labels, masked = list(ids), original.masks(counter)
    for span in masked.slices:
        labels[span] = [IGNORED] * len(labels[span])
    total = counter.unpadded(ids)
    if masked.counted is None or masked.counted >= max_length or masked.counted == total:
        return OriginalRow(ids, labels)
    return OriginalRow(ids, [IGNORED] * len(ids), mismatch=(masked.counted, total))
