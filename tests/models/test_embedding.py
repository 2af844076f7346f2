"""Embeddings by a CLIP: its own features, one vector a row, the same in any company and with portable numerics."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.embedding import embed as stage
from pipeline_lib.embedding.embed import embed, text_of
from pipeline_lib.embedding.settings import EmbedSettings
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.machine.numerics import Numerics
from pipeline_lib.models.clip import open_clip
from tests.models.trained import without_image
from tests.numbers import assert_close


def embedded(
    rows: list[Conversation], tower: Path, images: ImageReader, numerics: Numerics = "portable"
) -> tuple[np.ndarray, np.ndarray]:
    return embed(rows, open_clip(tower), images, EmbedSettings(threads=1, numerics=numerics))


def several(row: Conversation, *others: Conversation) -> Conversation:
    """Return a row that shows the images of others too."""
    shown = [image for each in (row, *others) for image in each.images]
    return replace(row, image=[path for path, _ in shown], image_sha256=[pin for _, pin in shown])


@pytest.mark.parametrize("numerics", ["portable", "native"])
def test_vectors_are_the_features_of_transformers_clip(
    rows: list[Conversation], tower: Path, images: ImageReader, numerics: Numerics
) -> None:
    of_images, of_texts = embedded(rows, tower, images, numerics)
    clip = open_clip(tower)
    clip.model.eval()
    for number, row in enumerate(rows):
        with torch.no_grad():
            seen = clip.model.get_image_features(pixel_values=clip.show(images.open(*row.images[0]))[None])
            text = clip.model.get_text_features(**clip.encode([text_of(row)]))
        for vector, features in ((of_images[number], seen), (of_texts[number], text)):
            expected = features.pooler_output[0] / features.pooler_output[0].norm()
            assert_close(vector, expected.numpy(), 1e-5)


def test_a_row_without_image_has_no_vector_and_one_with_several_their_direction(
    rows: list[Conversation], tower: Path, images: ImageReader
) -> None:
    alone, texts = embedded(rows[:3], tower, images)
    mixed = [without_image(rows[0]), several(rows[1], rows[2]), rows[2]]
    vectors, texts_of_mixed = embedded(mixed, tower, images)
    assert not vectors[0].any() and texts_of_mixed[0].any()
    total = alone[1].astype(np.float64) + alone[2]
    assert_close(vectors[1], total / np.linalg.norm(total), 1e-5)
    assert (vectors[2] == alone[2]).all() and (texts_of_mixed == texts).all()


def test_every_image_is_read_once(
    rows: list[Conversation], tower: Path, images: ImageReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths: list[str] = []
    read = ImageReader.read
    monkeypatch.setattr(ImageReader, "read", lambda self, path, pin: paths.append(path) or read(self, path, pin))
    embedded(rows, tower, images)
    assert sorted(paths) == sorted({path for row in rows for path, _ in row.images})


def test_passes_of_another_size_give_the_same_directions(
    rows: list[Conversation], tower: Path, images: ImageReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = embedded(rows, tower, images)
    monkeypatch.setattr(stage, "AT_ONCE", 5)
    for vectors, others in zip(whole, embedded(rows, tower, images), strict=True):
        assert_close(vectors, others, 1e-5)


def test_rows_without_any_image_are_embedded_by_their_text(
    rows: list[Conversation], tower: Path, images: ImageReader
) -> None:
    vectors, texts = embedded([without_image(row) for row in rows], tower, images)
    assert vectors.shape == texts.shape and not vectors.any() and texts.any(axis=1).all()


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_features_without_a_direction_are_refused(
    rows: list[Conversation], tower: Path, images: ImageReader, value: float
) -> None:
    clip = open_clip(tower)
    with torch.no_grad():
        clip.model.visual_projection.weight.fill_(value)
    with pytest.raises(PipelineError, match="not finite"):
        embed(rows[:1], clip, images, EmbedSettings(threads=1, numerics="native"))
