"""The validate stage: the loss of a model on rows, in the order of their lengths, without any gradient."""

import logging
from pathlib import Path
from typing import Any, Iterator, cast

import torch
from torch.nn.functional import cross_entropy

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.plugins import load
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.determinism import make_deterministic
from pipeline_lib.models.encode import IGNORED
from pipeline_lib.models.encoded import Encoded, RowRules
from pipeline_lib.models.family import Vlm, load_family
from pipeline_lib.models.portable import operations
from pipeline_lib.prompts.base import Template
from pipeline_lib.training.positions import TrainedPositions
from pipeline_lib.validation.losses import RowLoss, report
from pipeline_lib.validation.settings import ValidateSettings

ROWS = 8  # of a pass
PASSES_PER_LINE = 50  # of the log

logger = logging.getLogger(__name__)

Encodings = list[tuple[Conversation, Encoded]]


def validate(model: Path, rows: list[Conversation], images: ImageReader, settings: ValidateSettings) -> dict[str, Any]:
    """Return the report on a model's loss on some rows, in float32; those without a trained token are left out."""
    make_deterministic(seed=0, threads=settings.threads, device=settings.device)
    family = load_family(settings.family)
    vlm = family.load(model)
    vlm.model.eval().to(settings.device)
    rules = RowRules(cast(Template, load("prompts", settings.template)), settings.max_length, settings.as_original)
    encoded = [(row, family.encode_row(vlm.tokens, row, rules, images.size)) for row in rows]
    trained = sorted((pair for pair in encoded if pair[1].trained), key=lambda pair: (len(pair[1].ids), pair[0].row))
    with torch.inference_mode(), operations(settings.numerics):
        losses = list(_losses(vlm, trained, images, settings.device))
    return report(losses, len(rows) - len(trained), settings.seed)


def _losses(vlm: Vlm, encoded: Encodings, images: ImageReader, device: str) -> Iterator[RowLoss]:
    """Yield the loss of every row; a pass reads rows of similar length."""
    head = vlm.model.get_output_embeddings()
    positions = TrainedPositions(cast(torch.nn.Module, head))
    starts = range(0, len(encoded), ROWS)
    for number, start in enumerate(starts):
        part = encoded[start : start + ROWS]
        batch = vlm.collate([_example(vlm, row, each, images) for row, each in part], "right")
        batch = {name: tensor.to(device) for name, tensor in batch.items()}
        logits, targets = positions.logits(vlm.model, batch)
        losses = cross_entropy(logits.float(), targets, reduction="none")
        counts = (batch["labels"][:, 1:] != IGNORED).sum(dim=1).tolist()
        for (row, _), loss, count in zip(part, torch.split(losses, counts), counts, strict=True):
            yield RowLoss(row, float(loss.double().sum()), count)
        if number % PASSES_PER_LINE == 0:
            logger.info("%d of %d rows", start + len(part), len(encoded))


def _example(vlm: Vlm, row: Conversation, encoded: Encoded, images: ImageReader) -> dict[str, Any]:
    """Return ids, labels and images of a row, as a training of it reads them."""
    features = {"input_ids": encoded.ids, "labels": encoded.labels}
    whole = row.images[: vlm.tokens.images_in(encoded.ids)]  # the others are truncated
    return {**features, "images": [vlm.show(images.open(*image)) for image in whole]} if whole else features
