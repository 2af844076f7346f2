"""Training a LLaVA on conversations about images, whichever of its parts a recipe trains."""

from functools import partial
from pathlib import Path
from typing import Callable, cast

from transformers import CLIPModel

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.registry import load
from pipeline_lib.instruct.table import Conversation
from pipeline_lib.models.card import Card, expect_kind, read_card
from pipeline_lib.models.llava import Llava, compose, load_llava
from pipeline_lib.models.saving import load_model
from pipeline_lib.prompts.base import Template
from pipeline_lib.training.batches import PixelCache, collate_conversations, encode_row
from pipeline_lib.training.task import Examples, Features, Material, Task, train_only


def multimodal_task(material: Material, card: Card, max_length: int, trained: Callable[[str], bool]) -> Task:
    """Return the task of training those parameters of a LLaVA whose names `trained` accepts."""
    llava = open_llava(material, card)
    template = cast(Template, load("prompts", str(card.template)))
    train_only(llava.model, trained)
    pixels = PixelCache(lambda row: llava.pixels(material.images.open(str(row.image), str(row.image_sha256))))

    def make(row: Conversation) -> Features:
        features = encode_row(row, llava.tokenizer, template, llava.model.config.image_seq_length, max_length)
        return {**features, "pixel_values": pixels(row)} if row.image is not None else features

    return Task(
        model=llava.model,
        examples=Examples(material.rows, make),
        collate=partial(collate_conversations, pad=int(llava.tokenizer.pad_token_id)),
        save=llava.save,
    )


def open_llava(material: Material, card: Card) -> Llava:
    """Return the LLaVA that a training starts from: loaded, or composed where it starts from a language model.

    A tower that is given is put in, whatever the start; a language model without one raises PipelineError.
    """
    kind = read_card(material.start).kind
    if kind == "language":
        if material.tower is None:
            raise PipelineError(
                "a language model needs a vision tower", where=material.start, cure="give this training a `tower`"
            )
        return compose(material.start, material.tower, card, material.seed)
    llava = load_llava(material.start)
    llava.card = card
    if material.tower is not None:
        _replace_tower(llava, material.tower)
    return llava


def _replace_tower(llava: Llava, tower: Path) -> None:
    expect_kind(tower, "clip")
    vision = load_model(CLIPModel, tower).vision_model
    llava.model.model.vision_tower.load_state_dict(vision.state_dict())
