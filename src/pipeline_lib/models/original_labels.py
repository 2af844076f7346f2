"""Token ids and labels as the original code gives them, its mistakes included: what `faithful: true` trains on.

Source: haotian-liu/LLaVA c121f04, `llava/train/train.py`. How each template counts is told by its `original`.
"""

from dataclasses import dataclass
from functools import cached_property

from transformers import PreTrainedTokenizerBase

from pipeline_lib.models.encode import IGNORED, tokenise
from pipeline_lib.models.sentencepiece import is_legacy
from pipeline_lib.prompts.base import IMAGE, Template, Turn, image_first

IMAGE_PLACE = -200  # stands for an image until its tokens are put in


@dataclass(frozen=True)
class Encoded:
    """Token ids and labels. `mismatch`: the counted and the real tokens where they differ, and nothing is trained."""

    ids: list[int]
    labels: list[int]
    mismatch: tuple[int, int] | None = None

    def shown(self, image: int, tokens: int) -> "Encoded":
        """Return them with every image's place filled by `tokens` tokens of id `image`, which are not trained."""
        ids: list[int] = []
        labels: list[int] = []
        for token, label in zip(self.ids, self.labels, strict=True):
            placed = token == IMAGE_PLACE
            ids += [image] * tokens if placed else [token]
            labels += [IGNORED] * tokens if placed else [label]
        return Encoded(ids, labels, self.mismatch)


@dataclass(frozen=True)
class Counter:
    """Counts of tokens, as the original's label rules take them. `images`: `<image>` is an image, not text."""

    tokenizer: PreTrainedTokenizerBase
    images: bool
    max_length: int

    @cached_property
    def legacy(self) -> bool:
        """Return whether the tokenizer puts a space before what follows a special token."""
        return is_legacy(self.tokenizer)

    def ids(self, text: str) -> list[int]:
        """Return the ids of a text, the beginning-of-sequence token first."""
        found = [int(self.tokenizer.bos_token_id)]
        for number, chunk in enumerate(text.split(IMAGE) if self.images else [text]):
            found += [*([IMAGE_PLACE] if number else []), *tokenise(self.tokenizer, chunk).ids]
        return found

    def all(self, text: str) -> int:
        """Return the count of all tokens."""
        return len(self.ids(text))

    def visible(self, text: str) -> int:
        """Return the count without padding, which is `<unk>`, of at most the longest length; with images, of all."""
        return self.all(text) if self.images else self.unpadded(self.ids(text)[: self.max_length])

    def unpadded(self, ids: list[int]) -> int:
        """Return how many ids are not `<unk>`, which LLaVA pads with."""
        return sum(token != self.tokenizer.unk_token_id for token in ids)


def encode_as_original(
    turns: list[Turn], image: bool, tokenizer: PreTrainedTokenizerBase, template: Template, max_length: int
) -> Encoded:
    """Return ids and labels of a row with or without an image, IMAGE_PLACE where the image is.

    Text alone is cut to `max_length`, as the original's tokenizer does; with an image, nothing is yet cut. Turns for
    which the original raises raise PipelineError.
    """
    original = template.original(image_first(turns) if image else turns)
    counter = Counter(tokenizer, image or original.pictured, max_length)
    ids = counter.ids(original.text)
    ids = ids if counter.images else ids[:max_length]
    labels, masked = list(ids), original.masks(counter)
    for place in masked.slices:
        labels[place] = [IGNORED] * len(labels[place])
    total = counter.unpadded(ids)
    if masked.counted is None or masked.counted >= max_length or masked.counted == total:
        return Encoded(ids, labels)
    return Encoded(ids, [IGNORED] * len(ids), mismatch=(masked.counted, total))
