"""Train those parts of a vision-language model that a recipe names, on conversations about images."""

from typing import Sequence, cast

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.plugins import load
from pipeline_lib.models.card import Card
from pipeline_lib.models.encoded import RowRules
from pipeline_lib.models.family import load_family
from pipeline_lib.models.opening import open_vlm
from pipeline_lib.models.parts import Part
from pipeline_lib.prompts.base import Template
from pipeline_lib.training.batches import ImageCache, trained_row
from pipeline_lib.training.length_groups import LENGTHS
from pipeline_lib.training.task import Examples, Features, Task, TrainingInputs, train_only


def multimodal_task(
    material: TrainingInputs,
    card: Card,
    max_length: int,
    trains: Sequence[Part],
    order: str = "random",
    as_original: bool = False,
    draws_projector: bool = False,
) -> Task:
    """Return the task of training these parts of a vision-language model; without any, all of it is frozen.

    Raises PipelineError where the base has no projector, unless `draws_projector`.
    """
    vlm = open_vlm(material.base, card, material.seed, draws_projector)
    family = load_family(vlm.card.family)
    train_only(vlm.model, tuple(prefix for part in trains for prefix in family.PARTS[part]))
    cache = ImageCache(lambda path, pin: vlm.show(material.images.open(path, pin)))
    rules = RowRules(cast(Template, load("prompts", str(card.template))), max_length, as_original)

    def make(row: Conversation) -> Features:
        encoded = family.encode_row(vlm.tokens, row, rules, material.images.size)
        features = trained_row(row, rules, encoded)
        shown = row.images[: vlm.tokens.images_in(features["input_ids"])]  # the others are truncated
        return {**features, "images": [cache(*image) for image in shown]} if shown else features

    return Task(
        model=vlm.model,
        examples=Examples(material.rows, make),
        collate=lambda examples: vlm.collate(examples, "right"),
        save=vlm.save,
        lengths=LENGTHS[order](material.rows) if order in LENGTHS else None,
        as_original=as_original,
        blank_features=family.blank_features,
        parts=family.PARTS,
    )
