"""Train those parts of a LLaVA that a recipe chooses, on conversations about images."""

from functools import partial
from typing import Callable, cast

import torch

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.plugins import load
from pipeline_lib.models.card import Card
from pipeline_lib.models.encode import image_id
from pipeline_lib.models.llava import open_llava
from pipeline_lib.models.rows import Encoding
from pipeline_lib.prompts.base import Template
from pipeline_lib.training.batches import PixelCache, collate_conversations, encode_row
from pipeline_lib.training.length_groups import modality_lengths
from pipeline_lib.training.task import Examples, Features, Task, TrainingInputs, train_only


def multimodal_task(
    material: TrainingInputs,
    card: Card,
    max_length: int,
    trained: Callable[[str], bool],
    order: str = "random",
    faithful: bool = False,
    draws_projector: bool = False,
) -> Task:
    """Return the task of training those parameters of a LLaVA whose names `trained` accepts.

    Raises PipelineError where the base has no projector, unless `draws_projector`.
    """
    llava = open_llava(material.base, card, material.seed, draws_projector)
    template = cast(Template, load("prompts", str(card.template)))
    train_only(llava.model, trained)
    pixels = PixelCache(lambda row: llava.pixels(material.images.open(str(row.image), str(row.image_sha256))))

    encoding = Encoding(llava.tokenizer, template, llava.model.config.image_seq_length, max_length, faithful)
    image = image_id(llava.tokenizer)

    def make(row: Conversation) -> Features:
        features = encode_row(row, encoding)
        shown = image in features["input_ids"]  # and not truncated
        return {**features, "pixel_values": pixels(row)} if shown else features

    side = llava.model.config.vision_config.image_size
    return Task(
        model=llava.model,
        examples=Examples(material.rows, make),
        collate=partial(collate_conversations, pad=int(llava.tokenizer.pad_token_id)),
        save=llava.save,
        lengths=modality_lengths(material.rows) if order == "modality" else None,
        faithful=faithful,
        blank=torch.zeros(3, side, side),
    )
