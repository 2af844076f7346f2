"""A conversation as a training sees it: token ids and labels, whole and as they are cut."""

from dataclasses import dataclass

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.models.encode import IGNORED, image_id
from pipeline_lib.models.rows import Encoding, encode_conversation
from pipeline_lib.models.truncation import ImageTokens, cut, cut_as_original


@dataclass(frozen=True)
class Encoded:
    """Token ids and labels of a conversation: those that are trained on, and of the whole."""

    ids: list[int]
    labels: list[int]
    whole_ids: list[int]
    whole_labels: list[int]

    @property
    def trained(self) -> int:
        """Return how many of the tokens that are left carry a loss."""
        return len(self.labels) - self.labels.count(IGNORED)

    @property
    def lost(self) -> int:
        """Return how many tokens are cut off."""
        return len(self.whole_ids) - len(self.ids)

    @property
    def first(self) -> int | None:
        """Return the place of the first token of the whole that carries a loss, None where none does."""
        return next((place for place, label in enumerate(self.whole_labels) if label != IGNORED), None)


def encoded_row(row: Conversation, how: Encoding) -> Encoded:
    """Return a conversation as tokens, whole and cut; `faithful`: cut as the original does."""
    whole = encode_conversation(row, how)
    image = ImageTokens(image_id(how.tokenizer), how.image_tokens) if row.image is not None else None
    if how.faithful:
        return Encoded(*cut_as_original(*whole, how.length, image, int(how.tokenizer.unk_token_id)), *whole)
    return Encoded(*cut(*whole, how.length, image), *whole)
