"""Train CLIP on image-caption pairs, with its own loss or SigLIP's."""

from functools import partial
from typing import Any, Literal

import torch
from torch.nn.functional import logsigmoid

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.clip import Clip, open_clip
from pipeline_lib.models.family import Shown
from pipeline_lib.training.batches import ImageCache, collate_pairs
from pipeline_lib.training.task import Batch, Examples, Features, Task, TrainingInputs

BIAS = "logit_bias"  # the parameter that SigLIP's loss adds, and a CLIP model lacks
FIRST_BIAS = -10.0  # Zhai et al. 2023, arXiv 2303.15343, algorithm 1


def contrastive_task(material: TrainingInputs, loss: Literal["clip", "siglip"] = "clip") -> Task:
    """Return the task of training all of a CLIP model; the caption is the first answer of each row."""
    expect_one_image(material.rows)
    clip = open_clip(material.base.start)
    shown = image_cache(clip, material)

    def make(row: Conversation) -> Features:
        ids = clip.tokenizer(row.conversations[1]["value"], truncation=True)["input_ids"]
        return {"input_ids": ids, **shown(*row.images[0])}

    task = Task(
        model=clip.model,
        examples=Examples(material.rows, make),
        collate=partial(collate_pairs, pad=int(clip.tokenizer.pad_token_id)),
        save=clip.save,
    )
    return task if loss == "clip" else _with_bias(task, clip)


def expect_one_image(rows: list[Conversation]) -> None:
    """Raise PipelineError for a row that shows no image, or several."""
    other = next((row for row in rows if len(row.images) != 1), None)
    if other is not None:
        paths = [path for path, _ in other.images]
        raise PipelineError("a pair has one image", where=f"row {other.row}", value=paths, cure="remove the row")


def image_cache(clip: Clip, material: TrainingInputs) -> ImageCache:
    """Return a cache of what the model is shown of a training's images."""

    def show(path: str, pin: str) -> Shown:
        return {"pixel_values": clip.show(material.images.open(path, pin))}

    return ImageCache(show)


def siglip_loss(logits: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Return SigLIP's loss of scaled cosines [pairs, pairs]: each pair of image and text is right or wrong alone.

    Zhai et al. 2023, arXiv 2303.15343, algorithm 1: the sum of the pairs' losses by the number of images.
    """
    right = 2 * torch.eye(len(logits), device=logits.device) - 1
    return -logsigmoid(right * (logits + bias)).sum() / len(logits)


def _with_bias(task: Task, clip: Clip) -> Task:
    """Return the task with SigLIP's loss, whose bias is trained too, but not saved: no probability of CLIP has one."""
    clip.model.register_parameter(BIAS, torch.nn.Parameter(torch.tensor(FIRST_BIAS)))

    def loss(model: Any, batch: Batch) -> torch.Tensor:
        pairs = {name: value for name, value in batch.items() if name != "return_loss"}
        return siglip_loss(model(**pairs).logits_per_image, getattr(getattr(model, "module", model), BIAS))

    def save(folder: Any) -> None:
        delattr(clip.model, BIAS)
        clip.save(folder)

    return Task(model=clip.model, examples=task.examples, collate=task.collate, save=save, loss=loss)
