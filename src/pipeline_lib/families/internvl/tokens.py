"""InternVL's token ids: an image is `<img>`, one `<IMG_CONTEXT>` for every feature, and `</img>`.

Source: OpenGVLab/InternVL 2410d1d, `internvl_chat/internvl/train/constants.py` and `dataset.py`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

from tokenizers import AddedToken, Tokenizer
from transformers import AutoConfig, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.internvl.pixels import tokens_of_an_image
from pipeline_lib.models.card import expect_kind, read_card
from pipeline_lib.models.encode import encode
from pipeline_lib.models.family import Size
from pipeline_lib.models.sentencepiece import COPIED, is_legacy, load_tokenizer
from pipeline_lib.prompts.base import Segment

BEGIN, END, CONTEXT = "<img>", "</img>", "<IMG_CONTEXT>"
GROUNDING = ("<quad>", "</quad>", "<ref>", "</ref>", "<box>", "</box>")  # words of rows about places in an image
ADDED = (BEGIN, END, CONTEXT, *GROUNDING)
DOWNSAMPLE_RATIO = 0.5  # of a composed model


@dataclass(frozen=True)
class InternvlTokens:
    """A tokenizer with the nine tokens, and how many features an image has."""

    tokenizer: PreTrainedTokenizerBase
    features: int
    family: str = "internvl"

    @property
    def image_id(self) -> int:
        """Return the id of the token that stands for one feature."""
        return self._id(CONTEXT)

    @property
    def per_image(self) -> int:
        """Return how many tokens every image takes: its features, a begin and an end."""
        return len(self.image)

    @property
    def image(self) -> list[int]:
        """Return the ids of an image."""
        return [self._id(BEGIN), *[self.image_id] * self.features, self._id(END)]

    def images_in(self, ids: list[int]) -> int:
        """Return how many whole images there are in the ids."""
        return ids.count(self._id(END))

    def prompt(self, segments: list[Segment], sizes: Sequence[Size]) -> list[int]:
        """Return the ids of a prompt with this many images; without one, `<image>` is ordinary text."""
        return self.encode(segments, len(sizes))[0]

    def encode(self, segments: list[Segment], images: int) -> tuple[list[int], list[int]]:
        """Return ids and labels of segments with this many images, without a beginning-of-sequence token."""
        ids, labels = encode(segments, self.tokenizer, [self.image] * images)
        return ids[1:], labels[1:]

    def _id(self, token: str) -> int:
        return int(self.tokenizer.convert_tokens_to_ids(token))


def open_tokens(start: Path, tower: Path | None) -> InternvlTokens:
    """Return the tokens of an InternVL, or of the one that a language model and a tower become."""
    tokenizer = load_tokenizer(start)
    if tower is None or read_card(start).kind != "language":
        return InternvlTokens(tokenizer, int(_config(start).image_seq_length))
    expect_kind(tower, "vision")
    return InternvlTokens(with_added(tokenizer), tokens_of_an_image(_config(tower), DOWNSAMPLE_RATIO))


def with_added(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """Return a tokenizer with the nine tokens, in the original's order after the others.

    Those about places in an image are words that rows contain, so they are not control tokens: questions may have
    them, and answers show them.
    """
    content = json.loads(tokenizer.backend_tokenizer.to_str())
    for token in content["added_tokens"]:
        token["special"] = token["special"] and token["content"] not in GROUNDING
    backend = Tokenizer.from_str(json.dumps(content))
    for text in ADDED:
        if backend.token_to_id(text) is None:
            backend.add_tokens([AddedToken(text, normalized=False, special=text not in GROUNDING)])
    copied = {name: getattr(tokenizer, name) for name in COPIED}
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, legacy=is_legacy(tokenizer), clean_up_tokenization_spaces=False, **copied
    )


def expect_added(tokenizer: PreTrainedTokenizerBase, where: Path) -> None:
    """Raise PipelineError where a tokenizer lacks one of the nine tokens."""
    names = tokenizer.get_vocab()
    missing = [token for token in ADDED if token not in names]
    if missing:
        cure = "take tokenizer and weights from one model"
        raise PipelineError("this tokenizer lacks tokens of an InternVL", where=where, value=missing, cure=cure)


def _config(folder: Path) -> AutoConfig:
    return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
