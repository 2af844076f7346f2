"""The embed stage: a CLIP model's unit vectors of the images and the text of every row of a table.

The images' vector of a row with several is the direction of the sum of their vectors, that of a row without is 0. The
text is all turns without `<image>`, in one, cut to the tokens that the model takes.
"""

import logging
from typing import Iterator, Sequence, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.embedding.settings import EmbedSettings
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.clip import Clip, expect_finite
from pipeline_lib.models.determinism import make_deterministic
from pipeline_lib.models.portable import operations
from pipeline_lib.prompts.base import IMAGE

AT_ONCE = 32  # images or texts of a pass
REPORTED = 100  # passes between two lines of the log

T = TypeVar("T")
Array = NDArray[np.float32]  # [vectors, dimensions]

logger = logging.getLogger(__name__)


def embed(
    rows: Sequence[Conversation], clip: Clip, images: ImageReader, settings: EmbedSettings
) -> tuple[Array, Array]:
    """Return the vectors of the images and of the texts of all rows, [rows, dimensions] each; every image is read once.

    An image that differs from its pin, or a vector that is not finite, raises PipelineError.
    """
    make_deterministic(seed=0, threads=settings.threads, device=settings.device)
    clip.model.eval().to(settings.device)
    pins = dict(image for row in rows for image in row.images)
    with operations(settings.numerics), torch.inference_mode():
        of_images = _joined([_of_images(clip, images, some) for some in _passes(list(pins.items()), "images")], clip)
        texts = _joined([_of_texts(clip, some) for some in _passes([text_of(row) for row in rows], "texts")], clip)
    positions = {path: position for position, path in enumerate(pins)}
    return _of_rows(rows, of_images, positions), texts


def text_of(row: Conversation) -> str:
    """Return the text of a row: its turns, without `<image>`, in lines."""
    return "\n".join(turn["value"].replace(IMAGE, "").strip() for turn in row.conversations)


def _of_rows(rows: Sequence[Conversation], of_images: Array, positions: dict[str, int]) -> Array:
    """Return the images' vector of every row; sums are taken image by image, in the order of the row."""
    vectors = np.zeros((len(rows), of_images.shape[1]), np.float32)
    for number, row in enumerate(rows):
        for path, _ in row.images:
            vectors[number] += of_images[positions[path]]
        if len(row.images) > 1:
            length = np.float32(np.sqrt(sum(float(value) ** 2 for value in vectors[number])))
            vectors[number] /= max(length, np.finfo(np.float32).tiny)
    return vectors


def _passes(items: Sequence[T], kind: str) -> Iterator[Sequence[T]]:
    for number, first in enumerate(range(0, len(items), AT_ONCE)):
        if number % REPORTED == 0:
            logger.info("%d of %d %s", first, len(items), kind)
        yield items[first : first + AT_ONCE]


def _of_images(clip: Clip, images: ImageReader, pins: Sequence[tuple[str, str]]) -> Array:
    pixels = torch.stack([clip.show(images.open(path, pin)) for path, pin in pins]).to(clip.model.device)
    return _unit(clip.model.visual_projection(clip.model.vision_model(pixel_values=pixels).pooler_output))


def _of_texts(clip: Clip, texts: Sequence[str]) -> Array:
    tokens = {name: value.to(clip.model.device) for name, value in clip.encode(texts).items()}
    return _unit(clip.model.text_projection(clip.model.text_model(**tokens).pooler_output))


def _unit(features: torch.Tensor) -> Array:
    unit = features.float() / torch.linalg.vector_norm(features.float(), dim=-1, keepdim=True)
    expect_finite(unit)  # features that are not finite, and those that are all 0, have no direction
    array: Array = unit.cpu().numpy()
    return array


def _joined(parts: list[Array], clip: Clip) -> Array:
    return np.concatenate(parts) if parts else np.zeros((0, int(clip.model.config.projection_dim)), np.float32)
