"""The interface of a family of vision-language models; `load_family` returns one by the name in a checkpoint's card.

A family is a folder `families/NAME`, whose module `model` has the members of `Family`. Its models are `Vlm`s, and what
they do to text is in their `Tokens`. Stages know these three alone.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Literal, Mapping, Protocol, Sequence, cast

import torch
from PIL import Image
from transformers import Cache, PreTrainedModel, PreTrainedTokenizerBase

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.models.card import Card, Stated
from pipeline_lib.models.encoded import Encoded, RowRules
from pipeline_lib.models.layouts import ExportOptions, Layout
from pipeline_lib.models.parts import Part
from pipeline_lib.prompts.base import Segment

Size = tuple[int, int]  # width and height of an image, in pixels
Sizes = Callable[[str], Size]  # the size of an image by its path
Shown = dict[str, torch.Tensor]  # one image as the model reads it
Example = dict[str, Any]  # `input_ids`, in a training `labels`, and `images`: the Shown of every image in the ids
Batch = dict[str, torch.Tensor]
Side = Literal["left", "right"]
Features = Any  # what a language model reads of one image, as its family has it
Images = Sequence[Sequence[Features]]  # the features of every row's images


@dataclass(frozen=True)
class Step:
    """Tokens that a model reads after those in a cache: their ids [rows, tokens], and the images of every row.

    All images are in the ids of the `first` step. `positions` [rows, tokens] and `visible` [rows, 1, tokens, keys],
    which keys a token sees, are None where every token sees all before it.
    """

    ids: torch.Tensor
    cache: Cache
    images: Images
    positions: torch.Tensor | None = None
    visible: torch.Tensor | None = None
    first: bool = False


class TooManyImagesError(PipelineError):
    """A question shows more images than a model takes: it is failed with this message, one line."""


class Tokens(Protocol):
    """How a family's models turn text and images into token ids; it is opened without reading tensors."""

    @property
    def family(self) -> str:
        """Return the name of the family."""

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """Return the tokenizer."""

    @property
    def image_id(self) -> int:
        """Return the id of the tokens that stand for images."""

    @property
    def per_image(self) -> int | None:
        """Return how many tokens every image takes in the ids, None where that depends on its size."""

    def images_in(self, ids: list[int]) -> int:
        """Return how many whole images there are in the ids, possibly of a truncated row."""

    def prompt(self, segments: list[Segment], sizes: Sequence[Size]) -> list[int]:
        """Return the ids of a prompt with images of these sizes; without images, `<image>` is ordinary text.

        Raises TooManyImagesError for more images than the model takes.
        """


class Vlm(Protocol):
    """A model in memory with its tokenizer, image processor and card."""

    model: PreTrainedModel
    card: Card
    tokens: Tokens

    def set_card(self, card: Card) -> None:
        """Replace the card, and show images as it says."""

    def put_tower(self, folder: Path) -> None:
        """Load the vision tower of a checkpoint; raise PipelineError where it does not fit."""

    def show(self, image: Image.Image, padded_first: bool = False) -> Shown:
        """Return the tensors of an RGB image, without a batch dimension.

        `padded_first`: the image has the mode of its file, and is padded before it becomes RGB, as in some scripts of
        the original. Raises PipelineError where the family has no such rule.
        """

    def collate(self, examples: list[Example], side: Side) -> Batch:
        """Return the model's inputs [rows, ...], the ids padded on one side, and `labels` if the examples have them."""

    def save(self, folder: Path) -> None:
        """Write model, processor and card into a new folder."""


class Family(Protocol):
    """The module `model` of a family. Where a family cannot do something, the function raises PipelineError.

    What only some stages need is a function here and not a method, so that its edit reruns those stages alone.
    """

    PARTS: Mapping[Part, tuple[str, ...]]  # prefixes of the names of each part's parameters
    LORA_TARGETS: str  # a regular expression of the modules that `lora` updates: in the language model alone

    def load(self, folder: Path) -> Vlm:
        """Return the model of a checkpoint in float32, or, on torch's device `meta`, its shapes alone."""

    def compose(self, language: Path, tower: Path, card: Card, seed: int) -> Vlm:
        """Return a model made of a language model and a vision tower, with a random projector."""

    def open_tokens(self, start: Path, tower: Path | None) -> Tokens:
        """Return the tokens of a checkpoint, or of the model composed of a language model and a tower."""

    def encode_row(self, tokens: Tokens, row: Conversation, rules: RowRules, sizes: Sizes) -> Encoded:
        """Return ids and labels of a conversation, whole and truncated; an image is never split.

        Raises PipelineError for turns that the template cannot render, and for `rules` that the family lacks.
        """

    def blank_features(self, model: Any, batch: Batch) -> torch.Tensor | None:
        """Return the sum of a blank image's features if the batch of a training shows no image, else None.

        `model` is transformers' model, possibly with an adapter. Times zero in the loss, the sum gives every parameter
        that reads images a gradient of zero, which processes that show images wait for.
        """

    def suppressed_ids(self, vlm: Vlm) -> list[int]:
        """Return the token ids that are in no answer, because they are no text."""

    def image_features(self, vlm: Vlm, images: list[Shown]) -> list[Features]:
        """Return what the language model reads of each image."""

    def hidden_states(self, vlm: Vlm, step: Step) -> torch.Tensor:
        """Return the last hidden states [rows, tokens, width] of a step's tokens, and add its keys to its cache."""

    def probe(self, vlm: Vlm, seed: int) -> Batch:
        """Return inputs of a noise image and random text, to compare two models' logits."""

    def draw_projector(self, vision: int, language: int, folder: Path) -> None:
        """Write a random projector between towers and language models of these widths into a new folder."""

    def take(self, files: dict[str, Path], stated: Stated, tower: Path | None, folder: Path) -> None:
        """Write third-party files, linked or converted, into a new folder with a card.

        Raises PipelineError where the files disagree with each other or with what the study states about them.
        """

    def unused_files(self, files: dict[str, Path], holds: str) -> list[str]:
        """Return the names of the tensor files that `take` does not read."""

    def export(self, model: Path, target: Path, layout: Layout, options: ExportOptions) -> None:
        """Write a checkpoint into a new folder in another program's layout."""


def load_family(name: str) -> Family:
    """Return a family; an unknown name raises PipelineError."""
    return cast(Family, load("families", name))
