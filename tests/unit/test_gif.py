"""GIFs: a file counted by its blocks alone has one frame for Pillow too."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline_lib.images.gif import has_one_frame


def saved(frames: int, colours: int = 7) -> bytes:
    """Return a GIF of so many frames."""
    draw = np.random.default_rng(0)
    images = [Image.fromarray(draw.integers(0, colours, (20, 30), dtype=np.uint8) * 30) for _ in range(frames)]
    buffer = io.BytesIO()
    images[0].save(buffer, "GIF", save_all=frames > 1, append_images=images[1:])
    return buffer.getvalue()


@pytest.mark.parametrize("colours", [1, 7])
def test_one_frame_is_recognised_and_several_are_not(colours: int) -> None:
    assert has_one_frame(saved(1, colours)) and not has_one_frame(saved(3)) and not has_one_frame(b"\x89PNG")


@given(
    st.sampled_from([1, 2]),
    st.lists(st.tuples(st.integers(0, 999), st.integers(0, 255)), max_size=3),
    st.integers(0, 99),
)
@settings(max_examples=300)
def test_damaged_files_are_left_to_pillow(frames: int, edits: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(saved(frames))
    for place, value in edits:
        data[place % len(data)] = value
    data = data[: len(data) - cut]
    if has_one_frame(bytes(data)):
        assert getattr(Image.open(io.BytesIO(data)), "n_frames", 1) == 1
