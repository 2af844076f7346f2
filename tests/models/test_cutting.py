"""Rows that are too long: where they are cut, by the default and as the original cuts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.training.cutting import ImageTokens, cut, cut_as_original

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
