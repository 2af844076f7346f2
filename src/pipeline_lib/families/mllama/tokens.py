"""Mllama's token ids: one `<|image|>` marks an image of any size, whose features never enter the ids."""

from dataclasses import dataclass
from typing import Sequence

from transformers import PreTrainedTokenizerBase

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.encode import encode
from pipeline_lib.models.encoded import Encoded, RowRules
from pipeline_lib.models.family import Size, TooManyImagesError
from pipeline_lib.prompts.base import Segment, image_turns

MARK = "<|image|>"


@dataclass(frozen=True)
class MllamaTokens:
    """A tokenizer with the mark of an image."""

    tokenizer: PreTrainedTokenizerBase
    per_image: int = 1
    family: str = "mllama"

    @property
    def image_id(self) -> int:
        """Return the id of the mark."""
        return int(self.tokenizer.convert_tokens_to_ids(MARK))

    def images_in(self, ids: list[int]) -> int:
        """Return how many images the ids mark."""
        return ids.count(self.image_id)

    def prompt(self, segments: list[Segment], sizes: Sequence[Size]) -> list[int]:
        """Return the ids of a prompt with the mark of its image; several images raise TooManyImagesError."""
        if len(sizes) > 1:
            raise TooManyImagesError(f"{len(sizes)} images: a Mllama is shown one image in a question")
        return encode(segments, self.tokenizer, [[self.image_id] for _ in sizes])[0]


def encoded_row(tokens: MllamaTokens, row: Conversation, rules: RowRules) -> Encoded:
    """Return a conversation as tokens, whole and truncated; the image precedes the text of its turn.

    Raises PipelineError for several images: in transformers the tokens before them would also see the padding that a
    batch has where its other rows show more images.
    """
    if rules.as_original:
        raise PipelineError("LLaVA's original code has no Mllama", value="as_original: true", cure="leave it out")
    if len(row.images) > 1:
        raise PipelineError(
            "a Mllama is trained on one image in a row",
            where=f"row {row.row}",
            value=f"{len(row.images)} images",
            cure="remove the row, or train a LLaVA",
        )
    turns = image_turns(row.conversations, len(row.images))
    marks = [[tokens.image_id] for _ in row.images]
    ids, labels = encode(rules.template.conversation(turns), tokens.tokenizer, marks)
    return Encoded(ids[: rules.length], labels[: rules.length], ids, labels)
