"""A conversation as a training sees it: token ids and labels, whole and truncated."""

from dataclasses import dataclass

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.models.encode import IGNORED, image_id
from pipeline_lib.models.rows import Encoding, encode_conversation
from pipeline_lib.models.truncation import ImageTokens, cut, cut_as_original


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


def encoded_row(row: Conversation, encoding: Encoding) -> Encoded:
    """Return a conversation as tokens, whole and truncated; with `faithful`, truncated as the original does."""
    whole = encode_conversation(row, encoding)
    image = ImageTokens(image_id(encoding.tokenizer), encoding.image_tokens) if row.image is not None else None
    if encoding.faithful:
        return Encoded(*cut_as_original(*whole, encoding.length, image, int(encoding.tokenizer.unk_token_id)), *whole)
    return Encoded(*cut(*whole, encoding.length, image), *whole)
