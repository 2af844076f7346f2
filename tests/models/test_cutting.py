"""Rows that are too long: where they are cut, by the default and as the original cuts them."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.families.llava.truncation import ImageTokens, cut, cut_as_original
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.recipes import full
from pipeline_lib.training.task import TrainingInputs

UNKNOWN, IMAGE = 0, 9
PICTURE = ImageTokens(IMAGE, 3)

pieces = st.lists(st.sampled_from([[UNKNOWN], [1], [2], [IMAGE] * 3]), max_size=12)


def joined(row: list[list[int]]) -> list[int]:
    return [token for piece in row for token in piece]


@given(pieces, st.integers(1, 20))
def test_an_image_is_whole_or_not_there(row: list[list[int]], length: int) -> None:
    ids = joined(row)
    kept, labels = cut(ids, ids, length, PICTURE)
    assert kept == labels == ids[: len(kept)]
    assert kept.count(IMAGE) % 3 == 0
    assert len(kept) == min(length, len(ids)) or (len(kept) > length - 3 and ids[len(kept)] == IMAGE)


@given(pieces, st.integers(1, 20))
def test_the_original_counts_an_image_as_one_token_then_drops_unknown_ones(row: list[list[int]], length: int) -> None:
    ids = joined(row)
    short = joined([piece for piece in row[:length] if piece != [UNKNOWN]])
    assert cut_as_original(ids, ids, length, PICTURE, UNKNOWN) == cut(short, short, length, PICTURE)


@pytest.mark.parametrize("length", [1, 2, 5])
def test_without_images_a_row_is_cut_at_its_length(length: int) -> None:
    ids = [IMAGE, IMAGE, 1, 2]
    assert cut(ids, ids, length, None) == (ids[:length], ids[:length])


def test_a_row_whose_image_is_cut_off_shows_none(
    language: Path, tower: Path, rows: list[Conversation], images: ImageReader
) -> None:
    how = {"steps": 1, "batch_size": 1, "learning_rate": 1.0, "clip_norm": 0.0, "as_original": True}

    def example(length: int) -> dict[str, Any]:
        recipe = full.Settings(name="full", projector="random", max_length=length, **how)
        found: dict[str, Any] = full.prepare(recipe, TrainingInputs(Base(language, tower), rows, images, 0)).examples[0]
        return found

    whole = example(2048)
    assert "images" in whole
    image = max(whole["input_ids"])
    place = whole["input_ids"].index(image)
    short = example(place + 1)
    assert short == {"input_ids": whole["input_ids"][:place], "labels": whole["labels"][:place]}
