"""A conversation as a training sees it: token ids and labels, whole and truncated."""

from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.models.encode import IGNORED, encode
from pipeline_lib.prompts.base import Template


@dataclass(frozen=True)
class RowRules:
    """How rows are encoded: the template, the longest length in tokens, and whether as LLaVA's original code does."""

    template: Template
    length: int
    as_original: bool = False


@dataclass(frozen=True)
class Encoded:
    """Token ids and labels of a conversation, truncated for training and whole."""

    ids: list[int]
    labels: list[int]
    whole_ids: list[int]
    whole_labels: list[int]

    @property
    def trained(self) -> int:
        """Return how many tokens of the truncated conversation have a loss."""
        return len(self.labels) - self.labels.count(IGNORED)

    @property
    def lost(self) -> int:
        """Return how many tokens are truncated."""
        return len(self.whole_ids) - len(self.ids)

    @property
    def first(self) -> int | None:
        """Return the position of the first token of the whole with a loss, or None."""
        return next((position for position, label in enumerate(self.whole_labels) if label != IGNORED), None)


def encoded_text(row: Conversation, tokenizer: PreTrainedTokenizerBase, rules: RowRules) -> Encoded:
    """Return a conversation without images as tokens; `<image>` is ordinary text."""
    ids, labels = encode(rules.template.conversation(row.conversations), tokenizer)
    return Encoded(ids[: rules.length], labels[: rules.length], ids, labels)
