"""Train CLIP's vision tower to tell classes apart: cross-entropy of images against the frozen texts of the classes.

Source: wanglihx/LLaVA-OA 8cfac12, `3-clip/cliptrain.py`. It encodes the texts once; here they are encoded in every
pass by the frozen text tower, which returns the same features.
"""

from functools import partial
from typing import Any, Sequence

import torch
from torch.nn.functional import cross_entropy

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.models.clip import open_clip, text_logits
from pipeline_lib.sampling.base import LabelKind, label_of
from pipeline_lib.training.contrast import expect_one_image, image_cache
from pipeline_lib.training.curve import Validated
from pipeline_lib.training.task import Batch, Examples, Features, Task, TrainingInputs, Validation, train_only

TRAINED = ("vision_model", "visual_projection", "logit_scale")  # prefixes of the parameters' names
ROWS = 32  # of a pass over the validation rows, as published


def class_task(
    material: TrainingInputs, texts: Sequence[str], labels: Sequence[str], label: LabelKind, lowest: str
) -> Task:
    """Return the task of training CLIP to find each row's class, in whose order `texts` and `labels` are.

    With rows for validation, `lowest` names the metric by which an epoch is the best. A row of either kind without one
    image, or with a label of no class, raises PipelineError.
    """
    for rows in (material.rows, material.validation):
        expect_one_image(rows)
        for row in rows:
            class_of(row, label, labels)  # now, not in the middle of the training
    clip = open_clip(material.base.start)
    train_only(clip.model, TRAINED)
    tokens, shown = clip.encode_classes(texts), image_cache(clip, material)

    def make(row: Conversation) -> Features:
        return {"class": class_of(row, label, labels), **shown(*row.images[0])}

    def loss(model: Any, batch: Batch) -> torch.Tensor:
        return cross_entropy(text_logits(model, tokens, batch["pixel_values"]), batch["classes"])

    measure = partial(_measure, clip.model, tokens, Examples(material.validation, make))
    return Task(
        model=clip.model,
        examples=Examples(material.rows, make),
        collate=_collate,
        save=clip.save,
        loss=loss,
        validation=Validation(measure, lowest) if material.validation else None,
    )


def class_of(row: Conversation, kind: LabelKind, labels: Sequence[str]) -> int:
    """Return the position of a row's label among the labels; PipelineError for one that is not there."""
    label = label_of(row, kind)
    if label not in labels:
        where, cure = f"row {row.row}", f"{suggest(label, labels)}; or change `label` or `classes` of the recipe"
        raise PipelineError("no class of the recipe has this row's label", where=where, value=label, cure=cure)
    return labels.index(label)


def validated(logits: torch.Tensor, classes: torch.Tensor) -> Validated:
    """Return loss, accuracy and mean distance of the likeliest classes from the right ones, as means over rows."""
    likeliest = logits.argmax(dim=1)
    return Validated(
        float(cross_entropy(logits, classes)),
        float((likeliest == classes).double().mean()),
        float((likeliest - classes).abs().double().mean()),
    )


def _measure(model: Any, tokens: dict[str, torch.Tensor], examples: Examples) -> Validated:
    logits, classes = [], []
    for start in range(0, len(examples), ROWS):
        batch = _collate([examples[number] for number in range(start, min(start + ROWS, len(examples)))])
        logits.append(text_logits(model, tokens, batch["pixel_values"].to(model.device)).float().cpu())
        classes.append(batch["classes"])
    return validated(torch.cat(logits), torch.cat(classes))


def _collate(examples: list[Features]) -> Batch:
    return {
        "pixel_values": torch.stack([example["pixel_values"] for example in examples]),
        "classes": torch.tensor([example["class"] for example in examples]),
    }
