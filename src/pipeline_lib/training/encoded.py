"""A conversation as a training sees it: token ids and labels, and the length that they are cut to."""

from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from pipeline_lib.instruct.table import Conversation
from pipeline_lib.models.encode import IGNORED, encode
from pipeline_lib.prompts.base import Template


@dataclass(frozen=True)
class Encoded:
    """Token ids and labels of a whole conversation, of which the first `length` are used."""

    ids: list[int]
    labels: list[int]
    length: int

    @property
    def trained(self) -> int:
        """Return how many of the tokens that are used carry a loss."""
        used = self.labels[: self.length]
        return len(used) - used.count(IGNORED)

    @property
    def lost(self) -> int:
        """Return how many tokens are cut off."""
        return max(0, len(self.ids) - self.length)

    @property
    def first(self) -> int | None:
        """Return the place of the first token that carries a loss, cut off or not; None where none does."""
        return next((place for place, label in enumerate(self.labels) if label != IGNORED), None)


def encode_conversation(
    row: Conversation, tokenizer: PreTrainedTokenizerBase, template: Template, image_tokens: int, length: int
) -> Encoded:
    """Return a conversation in the words of a template, an image in it as so many tokens."""
    ids, labels = encode(template.conversation(row.conversations), tokenizer, image_tokens)
    return Encoded(ids, labels, length)
